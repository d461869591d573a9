//! Trains a network on handwritten digits with the program's own kernels, and with wgloss in the same compute pass.
//!
//! The network has one hidden layer. `mlp.wgsl` computes its logits, takes their gradient back through the layers, and
//! steps the weights. wgloss computes the loss between them, and writes the gradient of the logits where the kernels
//! read it. An epoch is one submission: 24 steps, and the loss of held-out digits. Nothing is read before its end.
//!
//! Run it with `cargo run --release --example mlp`.

use flate2::read::GzDecoder;
use std::error::Error;
use std::io::Read;
use wgloss::wgpu::{self, BufferUsages};
use wgloss::{CrossEntropy, DType, Gpu, Gradient, Job, Outputs};

// As in mlp.wgsl.
const PIXELS: usize = 64;
const HIDDEN: usize = 32;
const CLASSES: usize = 10;
const PARAMETERS: usize = 2410;

/// The images of a step, and the steps of an epoch.
const BATCH: usize = 64;
const STEPS: usize = 24;
/// The images after those of all steps are held out: the network never learns from them.
const TRAINING_IMAGES: usize = BATCH * STEPS;
const EPOCHS: usize = 20;

/// The distance in bytes between the uniforms of two batches, which WebGPU's dynamic offsets require.
const STRIDE: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let (images, labels) = digits()?;
    let held_out = labels.len() - TRAINING_IMAGES;

    // ---- The program's own device, buffers and kernels. ----

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(wgpu::util::initialize_adapter_from_env_or_default(&instance, None))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
    let network = Network::new(&device, labels.len(), held_out);
    queue.write_buffer(&network.buffers[1], 0, bytemuck::cast_slice(&images));
    queue.write_buffer(&network.buffers[2], 0, bytemuck::cast_slice(&first_weights()));
    for step in 0..=STEPS {
        let count = if step < STEPS { BATCH } else { held_out };
        let batch = [(step * BATCH) as u32, count as u32];
        queue.write_buffer(&network.buffers[0], (step * STRIDE) as u64, bytemuck::cast_slice(&batch));
    }

    // ---- wgloss: a job around the program's buffers. ----

    let gpu = Gpu::from_wgpu(device.clone(), queue.clone());
    let labels_there = gpu.upload(&labels, [labels.len()])?;
    let log = gpu.empty([STEPS + 1])?;
    let tensor = |buffer: usize, count: usize| {
        let bytes = (4 * count * CLASSES) as u64;
        gpu.wrap(network.buffers[buffer].slice(..bytes), [count, CLASSES], DType::F32)
    };
    let of_batch = |step: usize, count: usize| {
        let (buffer, offset) = labels_there.buffer();
        let first = offset + (step * BATCH) as u64;
        let target = gpu.wrap(buffer.slice(first..first + count as u64), [count], DType::U8)?;
        Ok::<_, wgloss::Error>(CrossEntropy::new().of(&tensor(6, count)?, &target))
    };
    // The logits of every batch lie in the same buffer, and the labels of the batches lie one after the other. So each
    // batch is the first job, bound to other labels.
    let logged = Outputs { loss: Some(log.clone()), ..Outputs::default() };
    let gradients = vec![Gradient::store(&tensor(6, BATCH)?, &tensor(7, BATCH)?)];
    let learning = Outputs { gradients, ..logged.clone() };
    let first = gpu.prepare(&of_batch(0, BATCH)?, &learning)?;
    let rebound = |step| first.rebind(&of_batch(step, BATCH)?, &learning);
    let mut jobs = (0..STEPS).map(rebound).collect::<wgloss::Result<Vec<Job>>>()?;
    jobs.push(gpu.prepare(&of_batch(STEPS, held_out)?, &logged)?);

    // ---- The training: an epoch is one pass. ----

    let (mut accuracy, mut losses) = (0.0, Vec::new());
    for epoch in 1..=EPOCHS {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for (step, job) in jobs.iter().enumerate() {
            let count = if step < STEPS { BATCH } else { held_out };
            network.encode(&mut pass, step, Entry::HiddenForward, count * HIDDEN);
            network.encode(&mut pass, step, Entry::Classify, count * CLASSES);
            job.encode_at(&mut pass, step)?;
            if step < STEPS {
                network.encode(&mut pass, step, Entry::HiddenBackward, count * HIDDEN);
                network.encode(&mut pass, step, Entry::Learn, PARAMETERS);
            }
        }
        drop(pass);
        queue.submit([encoder.finish()]);
        losses = log.read().wait()?.to_f32();
        accuracy = right(&tensor(6, held_out)?.read().wait()?.to_f32(), &labels[TRAINING_IMAGES..]);
        if epoch == 1 || epoch % 5 == 0 {
            let mean = losses[..STEPS].iter().sum::<f32>() / STEPS as f32;
            println!("epoch {epoch:2}  loss {mean:.4}  held out: loss {:.4}, accuracy {accuracy:.3}", losses[STEPS]);
        }
    }
    // A label out of range would be an error here. The jobs that were bound anew share one verdict, so the last of them is
    // enough.
    for job in &jobs[STEPS - 1..] {
        job.check().wait()?;
    }
    // An untrained network, or one that always gives the same digit, is right for a tenth of the digits.
    assert!(accuracy > 0.9, "{accuracy} of the digits held out are recognised");
    assert!(losses[STEPS] < 0.25 * (CLASSES as f32).ln(), "{losses:?}");
    Ok(())
}

/// The images, `[N, PIXELS]` from 0 to 1, and their labels. The order mixes the writers.
fn digits() -> Result<(Vec<f32>, Vec<u8>), Box<dyn Error>> {
    let mut text = String::new();
    GzDecoder::new(&include_bytes!("../cli/data/digits.csv.gz")[..]).read_to_string(&mut text)?;
    let rows: Vec<Vec<u8>> =
        text.lines().map(|line| line.split(',').map(str::parse).collect()).collect::<Result<_, _>>()?;
    // 1,000 and the number of rows, 1,797, have no common divisor, so every row comes once
    let mixed = (0..rows.len()).map(|place| &rows[place * 1000 % rows.len()]);
    let images = mixed.clone().flat_map(|row| &row[..PIXELS]).map(|&level| f32::from(level) / 16.0).collect();
    Ok((images, mixed.map(|row| row[PIXELS]).collect()))
}

/// Small random weights, from a generator with a fixed seed.
fn first_weights() -> Vec<f32> {
    let mut state = 1u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / u32::MAX as f32 - 0.5
    };
    let width = |place: usize| if place < HIDDEN * (PIXELS + 1) { PIXELS } else { HIDDEN };
    (0..PARAMETERS).map(|place| 4.0 * uniform() / (width(place) as f32).sqrt()).collect()
}

/// The fraction of rows whose greatest logit is at the label.
fn right(logits: &[f32], labels: &[u8]) -> f32 {
    let greatest = |row: &[f32]| (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
    let hits = logits.chunks_exact(CLASSES).zip(labels).filter(|(row, label)| greatest(row) == usize::from(**label));
    hits.count() as f32 / labels.len() as f32
}

/// The kernels of mlp.wgsl.
#[derive(Clone, Copy)]
enum Entry {
    HiddenForward,
    Classify,
    HiddenBackward,
    Learn,
}

/// The network's memory, by binding, and its kernels.
struct Network {
    buffers: Vec<wgpu::Buffer>,
    group: wgpu::BindGroup,
    pipelines: Vec<wgpu::ComputePipeline>,
}

impl Network {
    fn new(device: &wgpu::Device, images: usize, most: usize) -> Network {
        let floats =
            [images * PIXELS, PARAMETERS, PARAMETERS, most * HIDDEN, most * HIDDEN, most * CLASSES, most * CLASSES];
        let buffer = |size: usize, usage| {
            let usage = usage | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
            let size = size as u64;
            device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        };
        let batches = buffer((STEPS + 1) * STRIDE, BufferUsages::UNIFORM);
        let storage = floats.iter().map(|count| buffer(4 * count, BufferUsages::STORAGE));
        let buffers: Vec<wgpu::Buffer> = std::iter::once(batches).chain(storage).collect();

        let entries: Vec<_> = (0..buffers.len() as u32)
            .map(|binding| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: match binding {
                        0 => wgpu::BufferBindingType::Uniform,
                        _ => wgpu::BufferBindingType::Storage { read_only: binding == 1 },
                    },
                    // the batch of a step is chosen when the step is recorded
                    has_dynamic_offset: binding == 0,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let entries: Vec<_> = buffers
            .iter()
            .enumerate()
            .map(|(place, buffer)| wgpu::BindGroupEntry {
                binding: place as u32,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: 0,
                    size: if place == 0 { wgpu::BufferSize::new(8) } else { None },
                }),
            })
            .collect();
        let group =
            device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries });

        let module = device.create_shader_module(wgpu::include_wgsl!("mlp.wgsl"));
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = |entry| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: Some(&layout),
                module: &module,
                entry_point: Some(entry),
                compilation_options: Default::default(),
                cache: None,
            })
        };
        let pipelines = ["hidden_forward", "classify", "hidden_backward", "learn"].map(pipeline).into();
        Network { buffers, group, pipelines }
    }

    /// Records a kernel for a batch. wgloss sets its own pipeline and bind group, so each of these sets both again.
    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, step: usize, entry: Entry, invocations: usize) {
        pass.set_pipeline(&self.pipelines[entry as usize]);
        pass.set_bind_group(0, &self.group, &[(step * STRIDE) as u32]);
        pass.dispatch_workgroups((invocations as u32).div_ceil(64), 1, 1);
    }
}
