//! The caller's own buffers: destroyed, mapped, too short, at odd offsets, without usages, and overlapping.

use crate::{ALL, Fault, buffer, eight, sum, told, wrapped};
use wgloss::wgpu::{self, BufferUsages, MapMode};
use wgloss::{CrossEntropy, DType, Error, Gpu, Gradient, Job, Outputs, Reduction, Tensor};

/// A job whose target lies in this buffer.
fn target_in(gpu: &Gpu, own: &wgpu::Buffer) -> Result<Job, Error> {
    let x = gpu.upload(&[3.0f32, 3.0], [2])?;
    gpu.prepare(&sum(&x, &wrapped(gpu, own)?), &Outputs::default())
}

/// Asserts that an error names this operand.
fn names(result: Result<(), Error>, name: &str) -> Result<(), Error> {
    if let Err(Error::InvalidOperand { operand, reason, .. }) = &result {
        assert_eq!(operand, name, "{reason}");
    }
    result
}

/// A tensor of `count` f32 in a buffer, from element `first` on.
fn part(gpu: &Gpu, own: &wgpu::Buffer, first: u64, count: usize) -> Result<Tensor, Error> {
    gpu.wrap(own.slice(4 * first..4 * (first + count as u64)), [count], DType::F32)
}

/// A storage buffer that can be mapped, with its context; `None` if the adapter doesn't allow such buffers.
fn mappable() -> Option<(Gpu, wgpu::Buffer)> {
    let adapter = crate::adapter();
    let feature = wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
    if !adapter.features().contains(feature) {
        return None;
    }
    let descriptor = wgpu::DeviceDescriptor { required_features: feature, ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).ok()?;
    let own = buffer(&device, 8, BufferUsages::STORAGE | BufferUsages::MAP_READ);
    Some((Gpu::from_wgpu(device, queue), own))
}

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a buffer destroyed before it is wrapped",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            own.destroy();
            told(wrapped(gpu, &own))
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer destroyed before a preparation",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let (x, t) = (gpu.upload(&[3.0f32, 3.0], [2])?, wrapped(gpu, &own)?);
            own.destroy();
            names(told(gpu.prepare(&sum(&x, &t), &Outputs::default())), "target")
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer destroyed before a run",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let job = target_in(gpu, &own)?;
            own.destroy();
            names(told(job.run()), "target")
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "an output's buffer destroyed before a run",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let (term, x) = eight(gpu)?;
            let gradients = vec![Gradient::store(&x, &wrapped(gpu, &own)?)];
            let job = gpu.prepare(&term, &Outputs { gradients, ..Outputs::default() })?;
            own.destroy();
            names(told(job.run()), "gradient of input")
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "an uploaded tensor's buffer destroyed before a run",
        provoke: |gpu| {
            let (term, x) = eight(gpu)?;
            let job = gpu.prepare(&term, &Outputs::default())?;
            x.buffer().0.destroy();
            names(told(job.run()), "input")
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer destroyed before it is written",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let x = wrapped(gpu, &own)?;
            own.destroy();
            x.write(&[1.0f32, 2.0])
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer destroyed before it is read",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let x = wrapped(gpu, &own)?;
            own.destroy();
            told(x.read().wait())
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer that is mapped when a job runs",
        provoke: |_| {
            let Some((gpu, own)) = mappable() else {
                return Err(Error::InvalidOperand { loss: "mse", operand: "target".into(), reason: "untried".into() });
            };
            let job = target_in(&gpu, &own)?;
            own.map_async(MapMode::Read, .., |_| {});
            let _ = gpu.device().poll(wgpu::PollType::wait_indefinitely());
            let refused = names(told(job.run()), "target");
            own.unmap();
            job.run()?.loss().wait()?;
            refused
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer mapped at its creation",
        provoke: |gpu| {
            let descriptor = wgpu::BufferDescriptor { label: None, size: 8, usage: ALL, mapped_at_creation: true };
            let own = gpu.device().create_buffer(&descriptor);
            let job = target_in(gpu, &own)?;
            let refused = names(told(job.run()), "target");
            own.unmap();
            assert_eq!(job.run()?.loss().wait()?, 18.0);
            refused
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a mapped buffer that is written",
        provoke: |gpu| {
            let descriptor = wgpu::BufferDescriptor { label: None, size: 8, usage: ALL, mapped_at_creation: true };
            wrapped(gpu, &gpu.device().create_buffer(&descriptor))?.write(&[1.0f32, 2.0])
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer that the device refused to make",
        provoke: |gpu| {
            let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
            let own = buffer(gpu.device(), 8, BufferUsages::STORAGE | BufferUsages::MAP_READ | BufferUsages::MAP_WRITE);
            let refused = pollster::block_on(scope.pop()).is_some();
            let wrapped = told(wrapped(gpu, &own));
            assert!(refused || wrapped.is_ok());
            if refused {
                wrapped
            } else {
                Err(Error::InvalidOperand { loss: "wrap", operand: "slice".into(), reason: String::new() })
            }
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "a slice that is too short",
        provoke: |gpu| told(gpu.wrap(buffer(gpu.device(), 16, ALL).slice(..12), [4], DType::F32)),
        expected: "shape_mismatch",
    },
    Fault {
        name: "a slice whose shape has more bytes than 64 bits count",
        provoke: |gpu| told(gpu.wrap(buffer(gpu.device(), 16, ALL).slice(..8), [(usize::MAX / 8) + 2], DType::I64)),
        expected: "shape_mismatch",
    },
    Fault {
        name: "a slice that begins inside an element",
        provoke: |gpu| told(gpu.wrap(buffer(gpu.device(), 16, ALL).slice(2..10), [2], DType::F32)),
        expected: "invalid_operand",
    },
    Fault {
        name: "a buffer without the usage STORAGE",
        provoke: |gpu| told(wrapped(gpu, &buffer(gpu.device(), 8, BufferUsages::COPY_DST))),
        expected: "invalid_operand",
    },
    Fault {
        name: "a read without the usage COPY_SRC",
        provoke: |gpu| told(wrapped(gpu, &buffer(gpu.device(), 8, BufferUsages::STORAGE))?.read().wait()),
        expected: "invalid_operand",
    },
    Fault {
        name: "a write without the usage COPY_DST",
        provoke: |gpu| wrapped(gpu, &buffer(gpu.device(), 8, BufferUsages::STORAGE))?.write(&[1.0f32, 2.0]),
        expected: "invalid_operand",
    },
    Fault {
        name: "a gradient over an operand, by one element, at either end and inside",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 4096, ALL);
            let (x, t) = (part(gpu, &own, 20, 8)?, part(gpu, &own, 40, 8)?);
            let mut refused = Vec::new();
            for first in [33, 40, 44, 47] {
                let gradients = vec![Gradient::store(&x, &part(gpu, &own, first, 8)?)];
                refused.push(told(gpu.prepare(&sum(&x, &t), &Outputs { gradients, ..Outputs::default() })));
            }
            for refused in &refused {
                assert_eq!(refused.as_ref().map_err(Error::kind), Err("overlapping_buffers"), "{refused:?}");
            }
            for first in [28, 32, 48] {
                let gradients = vec![Gradient::store(&x, &part(gpu, &own, first, 8)?)];
                gpu.prepare(&sum(&x, &t), &Outputs { gradients, ..Outputs::default() })?.run()?.loss().wait()?;
            }
            refused.remove(0)
        },
        expected: "overlapping_buffers",
    },
    Fault {
        name: "a loss over a gradient",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 4096, ALL);
            let (term, x) = eight(gpu)?;
            let gradients = vec![Gradient::store(&x, &part(gpu, &own, 0, 2)?)];
            told(gpu.prepare(&term, &Outputs { loss: Some(part(gpu, &own, 1, 1)?), gradients, ..Outputs::default() }))
        },
        expected: "overlapping_buffers",
    },
    Fault {
        name: "losses that are not reduced over their operand",
        provoke: |gpu| {
            let (term, x) = eight(gpu)?;
            told(gpu.prepare(&term.reduce(Reduction::None), &Outputs { loss: Some(x), ..Outputs::default() }))
        },
        expected: "overlapping_buffers",
    },
    Fault {
        name: "a gradient in the place of a prediction that stands twice",
        provoke: |gpu| {
            let x = gpu.upload(&[3.0f32, 3.0], [2])?;
            let outputs = Outputs { gradients: vec![Gradient::in_place(&x)], ..Outputs::default() };
            told(gpu.prepare(&sum(&x, &x), &outputs))
        },
        expected: "overlapping_buffers",
    },
    Fault {
        name: "labels of a buffer that is destroyed, in a call",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let labels = gpu.wrap(own.slice(..), [2], DType::I32)?;
            let x = gpu.upload(&[0.0f32; 6], [2, 3])?;
            own.destroy();
            names(told(gpu.gradients(&CrossEntropy::default().of(&x, &labels), [&x])), "target")
        },
        expected: "invalid_operand",
    },
];
