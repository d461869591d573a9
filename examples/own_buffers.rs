//! Uses the library inside a program that has its own wgpu device, buffers and compute passes.
//!
//! The program, called the host here, trains a classifier of points in the plane with two kernels in
//! `own_buffers.wgsl`: `predict` computes logits of the points, and `learn` takes a gradient step. Between them wgloss
//! computes the loss and its gradient. It uses ranges of the host's buffers, and records its dispatches into the host's
//! pass. All steps are one submission, and nothing is read before the last step is done.
//!
//! Run it with `cargo run --release --example own_buffers`.

use std::error::Error;
use wgloss::wgpu::{self, BufferUsages};
use wgloss::{Array, CrossEntropy, DType, Gpu, Gradient, Outputs, cpu};

// As in own_buffers.wgsl.
const POINTS: usize = 300;
const CLASSES: usize = 3;
const RATE: f64 = 1.0;

const STEPS: usize = 24;
/// The bytes of a tensor `[POINTS, CLASSES]` of f32.
const LOGITS: u64 = (4 * POINTS * CLASSES) as u64;

fn main() -> Result<(), Box<dyn Error>> {
    let (points, labels) = three_clouds();

    // ---- What the host has: a device, and memory on it. ----

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(wgpu::util::initialize_adapter_from_env_or_default(&instance, None))?;
    // WebGPU's default limits are enough for the library.
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;

    let buffer = |label: &str, size: u64, usage: BufferUsages| {
        let usage = usage | BufferUsages::STORAGE;
        device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
    };
    let points_buffer = buffer("points", 8 * POINTS as u64, BufferUsages::COPY_DST);
    let labels_buffer = buffer("labels", 4 * POINTS as u64, BufferUsages::COPY_DST);
    let weights = buffer("weights", 4 * 3 * CLASSES as u64, BufferUsages::empty());
    // Programs with many tensors often allocate them in large pages. This page holds the logits and their gradient.
    let page = buffer("page", 2 * LOGITS, BufferUsages::empty());
    let log = buffer("log", 4 * STEPS as u64, BufferUsages::COPY_SRC);
    queue.write_buffer(&points_buffer, 0, bytemuck::cast_slice(&points));
    queue.write_buffer(&labels_buffer, 0, bytemuck::cast_slice(&labels));

    let module = device.create_shader_module(wgpu::include_wgsl!("own_buffers.wgsl"));
    let kernel = |entry| Kernel::new(&device, &module, entry, [&points_buffer, &weights, &page]);
    let (predict, learn) = (kernel("predict"), kernel("learn"));

    // ---- What the host does for the library. ----

    // Makes a context around the device. It shares the handles, sets no callbacks, and leaves nothing behind.
    let gpu = Gpu::from_wgpu(device.clone(), queue.clone());

    // Wraps ranges of buffers as tensors, without copying: the loss reads what the host's kernels write. The gradient
    // begins at byte 3600. A binding has to begin at a multiple of 256, so the library binds from the multiple before
    // it and adds the rest to its indices.
    let logits = gpu.wrap(page.slice(..LOGITS), [POINTS, CLASSES], DType::F32)?;
    let gradient = gpu.wrap(page.slice(LOGITS..), [POINTS, CLASSES], DType::F32)?;
    let target = gpu.wrap(labels_buffer.slice(..), [POINTS], DType::I32)?;
    let losses = gpu.wrap(log.slice(..), [STEPS], DType::F32)?;

    // A job is a prepared term: pipelines, bind groups, workspace.
    let term = CrossEntropy::default().of(&logits, &target);
    let gradients = vec![Gradient::store(&logits, &gradient)];
    let job = gpu.prepare(&term, &Outputs { loss: Some(losses.clone()), gradients, ..Outputs::default() })?;

    // ---- The training, with the host's encoder, pass and submission. ----

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    for step in 0..STEPS {
        // `encode_at` only records dispatches, so it fits between any two dispatches of the host. WebGPU orders the
        // dispatches of a pass: each sees what the one before it wrote.
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        predict.encode(&mut pass, POINTS * CLASSES);
        // the loss of each step goes to its own slot of the log
        job.encode_at(&mut pass, step)?;
        learn.encode(&mut pass, 3 * CLASSES);
    }
    queue.submit([encoder.finish()]);

    // Nothing has waited so far. Now read the log, once. It is the host's buffer, which the host could read itself, but
    // the library can read a wrapped tensor too.
    let losses = losses.read().wait()?.to_f64();
    for (step, loss) in losses.iter().enumerate().step_by(6) {
        println!("step {step:2}  loss {loss:.6}");
    }

    // The log holds only numbers. The job knows whether a label on the GPU was out of range.
    job.check().wait()?;
    let (dispatches, bytes) = (job.dispatches(), job.workspace());
    println!("a job of {dispatches} dispatches and {bytes} bytes, with {} pipelines", gpu.pipelines());

    // ---- The same training in f64 on the CPU. ----

    let twins = twin_losses(&points, &labels)?;
    let differences = losses.iter().zip(&twins).map(|(ours, twin)| (ours - twin).abs());
    let worst = differences.fold(0.0, f64::max);
    println!("loss {:.4} -> {:.4}; the CPU twin differs by {worst:.1e} at most", losses[0], losses[STEPS - 1]);
    // An f32 near 1 is off by 6e-8, and a tree sum of 300 of them by a few times that. Gradient steps on a convex
    // function contract, so errors of earlier steps do not grow.
    assert!(worst < 2e-6);
    assert!((losses[0] - f64::ln(CLASSES as f64)).abs() < 1e-6, "with weights of 0 all classes are equally likely");
    assert!(losses[STEPS - 1] < 0.25 * losses[0]);
    Ok(())
}

/// A kernel of the host, with its buffers.
struct Kernel {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
}

impl Kernel {
    fn new(device: &wgpu::Device, module: &wgpu::ShaderModule, entry: &str, buffers: [&wgpu::Buffer; 3]) -> Kernel {
        // Both kernels bind the same three buffers. Only the first is read-only.
        let entries = [0, 1, 2].map(|binding| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: binding == 0 },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        });
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(entry), entries: &entries });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout: Some(&pipeline_layout),
            module,
            entry_point: Some(entry),
            compilation_options: Default::default(),
            cache: None,
        });
        let bound =
            |place: usize| wgpu::BindGroupEntry { binding: place as u32, resource: buffers[place].as_entire_binding() };
        let entries = [0, 1, 2].map(bound);
        let descriptor = wgpu::BindGroupDescriptor { label: Some(entry), layout: &layout, entries: &entries };
        Kernel { pipeline, group: device.create_bind_group(&descriptor) }
    }

    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, invocations: usize) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[]);
        pass.dispatch_workgroups((invocations as u32).div_ceil(64), 1, 1);
    }
}

/// Points around three centres, and the centre of each. They lie on golden-angle spirals, which need no random numbers.
fn three_clouds() -> (Vec<[f32; 2]>, Vec<i32>) {
    let point = |i: usize| {
        let (class, place) = (i % CLASSES, (i / CLASSES) as f32);
        let centre = std::f32::consts::TAU * class as f32 / CLASSES as f32;
        let (radius, angle) = ((place * CLASSES as f32 / POINTS as f32).sqrt(), 2.399_963 * place);
        let at = [centre.cos() + radius * angle.cos(), centre.sin() + radius * angle.sin()];
        (at, class as i32)
    };
    (0..POINTS).map(point).unzip()
}

/// The losses that the log should hold, from the same training in f64.
fn twin_losses(points: &[[f32; 2]], labels: &[i32]) -> wgloss::Result<Vec<f64>> {
    let labels = Array::new(labels, [POINTS])?;
    let features = |point: usize| [f64::from(points[point][0]), f64::from(points[point][1]), 1.0];
    let mut weights = [[0.0; 3]; CLASSES];
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let logit = |i: usize| -> f64 {
            features(i / CLASSES).iter().zip(&weights[i % CLASSES]).map(|(feature, weight)| feature * weight).sum()
        };
        let logits: Vec<f64> = (0..POINTS * CLASSES).map(logit).collect();
        let logits = Array::new(&logits, [POINTS, CLASSES])?;
        let (outcome, [gradient]) = cpu::gradients(&CrossEntropy::default().of(&logits, &labels), [&logits])?;
        losses.push(outcome.loss()?);
        for (i, slope) in gradient.to_f64().into_iter().enumerate() {
            for (weight, feature) in weights[i % CLASSES].iter_mut().zip(features(i / CLASSES)) {
                *weight -= RATE * slope * feature;
            }
        }
    }
    Ok(losses)
}
