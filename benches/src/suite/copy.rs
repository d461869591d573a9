//! Measures the best rate at which an adapter copies memory, which other rates are compared with.

use super::stopwatch::{Stamps, Stopwatch};
use std::time::Duration;
use wgloss::{Gpu, wgpu};

/// The bytes to copy for a measurement: several times the size of a cache.
pub const BYTES: u64 = 256 << 20;

/// The rate of the fastest copy of this many bytes over all access patterns, in bytes read and written per second. It copies
/// fewer bytes if a binding can't be this large.
pub fn best_rate(gpu: &Gpu, stopwatch: &Stopwatch, bytes: u64) -> f64 {
    let bytes = bytes.min(gpu.device().limits().max_storage_buffer_binding_size);
    // A quad is four words of 32 bits, or two of 64 bits if the device has them. An invocation copies a run of 1, 4, 16
    // or 64 quads. Neighbouring quads are copied by the lanes of a workgroup, of a narrow subgroup, or by one
    // invocation.
    let in_pairs = gpu.device().features().contains(wgpu::Features::SHADER_INT64);
    let quads = [("vec4<f32>", true), ("vec2<u64>", in_pairs)].into_iter().filter(|(_, has)| *has);
    let patterns = [(1, 256), (4, 256), (4, 8), (4, 1), (16, 256), (16, 8), (16, 1), (64, 8)];
    let ways = quads.flat_map(|(quad, _)| patterns.map(|(run, lanes)| (quad, run, lanes)));
    let rates = ways.map(|(quad, run, lanes)| {
        let seconds = time(gpu, stopwatch, bytes, quad, run, lanes).as_secs_f64();
        2.0 * bytes as f64 / seconds
    });
    rates.fold(0.0, f64::max)
}

/// The shortest of several copies in one access pattern.
fn time(gpu: &Gpu, stopwatch: &Stopwatch, bytes: u64, quad: &str, run: u32, lanes: u32) -> Duration {
    let device = gpu.device();
    let buffer = || {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("copy"),
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    };
    let (from, to) = (buffer(), buffer());
    let text = include_str!("copy.wgsl").replace("vec4<f32>", quad);
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("copy"),
        source: wgpu::ShaderSource::Wgsl(text.into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("copy"),
        layout: None,
        module: &module,
        entry_point: Some("copy"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &[("RUN", run.into()), ("LANES", lanes.into())],
            ..Default::default()
        },
        cache: None,
    });
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("copy"),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: from.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 1, resource: to.as_entire_binding() },
        ],
    });
    let groups = (bytes / 16).div_ceil(256 * u64::from(run)) as u32;
    // the workgroups are spread over two axes, because an axis has a limit
    let across = groups.min(1 << 15);
    let submit = |timestamp_writes: Stamps<'_>| {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(across, groups.div_ceil(across), 1);
        drop(pass);
        gpu.queue().submit([encoder.finish()]);
    };
    // the first run also clears the buffers and compiles
    stopwatch.time(submit);
    (0..9).map(|_| stopwatch.time(submit).gpu_or_wall()).min().unwrap_or_default()
}
