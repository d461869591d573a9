//! Devices that allow few bindings, or only small ones, and tensors that are too large for a device.

use crate::{Fault, adapter, device, eight, told};
use wgloss::wgpu::Limits;
use wgloss::{ClassAxis, CrossEntropy, DType, Error, Gpu, InfoNce, Mse, Operand};

/// An operand's shape and dtype without its numbers, for planning only.
#[derive(Clone)]
struct Sketch(Vec<usize>, DType);

impl Operand for Sketch {
    fn shape(&self) -> &[usize] {
        &self.0
    }
    fn dtype(&self) -> DType {
        self.1
    }
    fn class_axis(&self) -> ClassAxis {
        ClassAxis::Second
    }
    fn is(&self, other: &Sketch) -> bool {
        self.0 == other.0 && self.1 == other.1
    }
}

fn limited(limits: Limits) -> Gpu {
    let (device, queue) = device(&adapter(), limits);
    Gpu::from_wgpu(device, queue)
}

/// The loss and the gradient of logits of four megabytes, which a binding of one megabyte cannot hold.
fn rows(gpu: &Gpu) -> Result<(f32, Vec<f32>), Error> {
    let logits: Vec<f32> = (0..1 << 20).map(|k| (k % 97) as f32 / 16.0).collect();
    let x = gpu.upload(&logits, [1 << 14, 64])?;
    let t = gpu.upload(&vec![3i32; 1 << 14], [1 << 14])?;
    let (outcome, [gradient]) = gpu.gradients(&CrossEntropy::default().of(&x, &t), [&x])?;
    Ok((outcome.loss().wait()?, gradient.read().wait()?.to_f32()))
}

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "WebGPU's least limits",
        provoke: |gpu| {
            assert_eq!(rows(&limited(Limits::default()))?, rows(gpu)?);
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "bindings of a megabyte",
        provoke: |gpu| {
            let limits = Limits { max_storage_buffer_binding_size: 1 << 20, ..Limits::default() };
            assert_eq!(rows(&limited(limits))?, rows(gpu)?);
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "four storage buffers, which do for a value",
        provoke: |_| {
            let gpu = limited(Limits { max_storage_buffers_per_shader_stage: 4, ..Limits::default() });
            let (term, _) = eight(&gpu)?;
            assert_eq!(gpu.value(&term)?.loss().wait()?, 8.0);
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "four storage buffers, and a kernel that binds more",
        provoke: |_| {
            let gpu = limited(Limits { max_storage_buffers_per_shader_stage: 4, ..Limits::default() });
            let (x, t) = (gpu.empty([6])?, gpu.empty([6])?);
            let weight = gpu.empty([6])?;
            let term = Mse::default().of(&x, &t).with(wgloss::Extra::Weight, &weight).with(wgloss::Extra::Mask, &t);
            let refused = told(gpu.gradients(&term, [&x, &t]));
            if let Err(Error::TooLarge { needed, limit, .. }) = &refused {
                assert!(*needed > 4 && *limit == 4, "{needed}, {limit}");
            }
            refused
        },
        expected: "too_large",
    },
    Fault {
        name: "a tensor longer than a buffer may be",
        provoke: |gpu| told(gpu.empty([(gpu.device().limits().max_buffer_size / 4) as usize + 1])),
        expected: "too_large",
    },
    Fault {
        name: "a plan of logits that are longer than a buffer may be",
        provoke: |gpu| {
            let rows = (gpu.device().limits().max_buffer_size / 4) as usize + 1;
            let (x, t) = (Sketch(vec![rows, 1], DType::F32), Sketch(vec![rows], DType::U8));
            told(gpu.workspace_of(&CrossEntropy::default().of(&x, &t), &[&x]))
        },
        expected: "too_large",
    },
    Fault {
        name: "a plan of rows that are longer than a tile's",
        provoke: |gpu| {
            let x = Sketch(vec![2, 40_000], DType::F32);
            told(gpu.workspace_of(&InfoNce::default().of(&x, &x), &[]))
        },
        expected: "too_large",
    },
    Fault {
        name: "a tensor of more elements than 64 bits count",
        provoke: |gpu| told(gpu.empty([usize::MAX, usize::MAX])),
        expected: "too_large",
    },
];
