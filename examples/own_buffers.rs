//! The library as a guest: inside a program with a wgpu device, buffers and compute passes of its own.
//!
//! The host of this story trains a classifier of points in the plane, with two kernels of its own in
//! `own_buffers.wgsl`: `predict` makes logits of the points, `learn` takes a gradient step. What lies between the two,
//! the loss and its gradient, comes from wgloss: it is lent ranges of the host's buffers, and records its dispatches
//! into the host's pass. All steps are one submission, and nothing is read before the last of them is done.
//!
//! `cargo run --release --example own_buffers` runs it.

use std::error::Error;
use wgloss::wgpu::{self, BufferUsages};
use wgloss::{Array, CrossEntropy, DType, Gpu, Gradient, Job, Outputs, cpu};

// As in own_buffers.wgsl.
const POINTS: usize = 300;
const CLASSES: usize = 3;
const RATE: f64 = 1.0;

const STEPS: usize = 24;
/// The bytes of a tensor `[POINTS, CLASSES]` of f32.
const LOGITS: u64 = (4 * POINTS * CLASSES) as u64;

fn main() -> Result<(), Box<dyn Error>> {
    let (points, labels) = three_clouds();

    // ---- What the host has anyway: a device, and memory on it. ----

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(wgpu::util::initialize_adapter_from_env_or_default(&instance, None))?;
    // The default limits are those of WebGPU, and they are enough: the library never asks for more than it is given.
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;

    let buffer = |label: &str, size: u64, usage: BufferUsages| {
        let usage = usage | BufferUsages::STORAGE;
        device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
    };
    let points_buffer = buffer("points", 8 * POINTS as u64, BufferUsages::COPY_DST);
    let labels_buffer = buffer("labels", 4 * POINTS as u64, BufferUsages::COPY_DST);
    let weights = buffer("weights", 4 * 3 * CLASSES as u64, BufferUsages::empty());
    // Programs that make many tensors cut them out of large pages: this one holds the logits and their gradient.
    let page = buffer("page", 2 * LOGITS, BufferUsages::empty());
    let log = buffer("log", 4 * STEPS as u64, BufferUsages::COPY_SRC);
    queue.write_buffer(&points_buffer, 0, bytemuck::cast_slice(&points));
    queue.write_buffer(&labels_buffer, 0, bytemuck::cast_slice(&labels));

    let module = device.create_shader_module(wgpu::include_wgsl!("own_buffers.wgsl"));
    let kernel = |entry| Kernel::new(&device, &module, entry, [&points_buffer, &weights, &page]);
    let (predict, learn) = (kernel("predict"), kernel("learn"));

    // ---- What it takes to be a host. ----

    // A context around the device. The handles are shared; no callback is set, and nothing is left behind.
    let gpu = Gpu::from_wgpu(device.clone(), queue.clone());

    // Ranges of buffers seen as tensors. Nothing is copied: what the host's kernels write there is what the loss reads.
    // The gradient begins at byte 3600, which is no multiple of the 256 that a binding has to begin at; the library
    // binds from the multiple before it and counts from there.
    let logits = gpu.wrap(page.slice(..LOGITS), [POINTS, CLASSES], DType::F32)?;
    let gradient = gpu.wrap(page.slice(LOGITS..), [POINTS, CLASSES], DType::F32)?;
    let target = gpu.wrap(labels_buffer.slice(..), [POINTS], DType::I32)?;
    let losses = gpu.wrap(log.slice(..), [STEPS], DType::F32)?;

    // A job is a term made ready: pipelines, bind groups, workspace. Where its loss goes is part of it, so that a log
    // takes a job for each of its slots; they share their pipelines, and have little memory of their own.
    let term = CrossEntropy::default().of(&logits, &target);
    let prepare = |slot| {
        let gradients = vec![Gradient::store(&logits, &gradient)];
        gpu.prepare(&term, &Outputs { loss: Some(losses.clone()), slot, gradients })
    };
    let jobs = (0..STEPS).map(prepare).collect::<wgloss::Result<Vec<Job>>>()?;

    // ---- The training: the host's encoder, the host's pass, the host's submission. ----

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    for job in &jobs {
        // `encode` records dispatches and nothing else, so that it fits between any two of the host's. Each sees what
        // the one before it wrote: WebGPU orders the dispatches of a pass.
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        predict.encode(&mut pass, POINTS * CLASSES);
        job.encode(&mut pass);
        learn.encode(&mut pass, 3 * CLASSES);
    }
    queue.submit([encoder.finish()]);

    // Everything is on its way, and nobody has waited. Now the log comes back, once. It is the host's buffer, which the
    // host can read as it likes, but a wrapped tensor can be read through the library too.
    let losses = losses.read().wait()?.to_f64();
    for (step, loss) in losses.iter().enumerate().step_by(6) {
        println!("step {step:2}  loss {loss:.6}");
    }

    // The host's log holds numbers alone. Whether a label on the GPU was out of range, the job knows.
    for job in &jobs {
        job.check().wait()?;
    }
    let (dispatches, bytes) = (jobs[0].dispatches(), jobs[0].workspace());
    println!("{STEPS} jobs of {dispatches} dispatches and {bytes} bytes share {} pipelines", gpu.pipelines());

    // ---- The same training in f64 on the CPU. ----

    let twins = twin_losses(&points, &labels)?;
    let differences = losses.iter().zip(&twins).map(|(ours, twin)| (ours - twin).abs());
    let worst = differences.fold(0.0, f64::max);
    println!("loss {:.4} -> {:.4}; the CPU twin differs by {worst:.1e} at most", losses[0], losses[STEPS - 1]);
    // An f32 near 1 is off by 6e-8, a sum of 300 of them in a tree by a few times that. Gradient steps on a convex
    // function contract, so that no step adds to what the last one was off by.
    assert!(worst < 2e-6);
    assert!((losses[0] - f64::ln(CLASSES as f64)).abs() < 1e-6, "weights of 0 know nothing");
    assert!(losses[STEPS - 1] < 0.25 * losses[0]);
    Ok(())
}

/// A kernel of the host's, with its buffers.
struct Kernel {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
}

impl Kernel {
    fn new(device: &wgpu::Device, module: &wgpu::ShaderModule, entry: &str, buffers: [&wgpu::Buffer; 3]) -> Kernel {
        // Both kernels bind the same three buffers, of which only one is read-only.
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

/// Points around three centres, and which centre each is of: a golden-angle spiral, so that no random numbers are
/// needed.
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

/// What the log has to hold: the host's two kernels and the loss between them, in f64.
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
