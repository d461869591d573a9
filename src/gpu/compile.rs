//! Compiles kernels to pipelines. If a compiler refuses one, the error names the file and line.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::declared::Declared;
use crate::gpu::kernel::Kernel;
use crate::gpu::pipelines::{Pipeline, Pipelines, in_order};
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

/// Makes the pipeline of a kernel.
fn create(gpu: &Gpu, kernel: &Kernel) -> Result<Pipeline> {
    let bindings = kernel.bindings();
    let device = gpu.device();
    let explained = kernel.clone();
    refuse_beyond_limits(gpu, kernel, &bindings)?;
    let explain = move |error| match error {
        Error::Gpu(message) => {
            let message = with_files(&explained, &message);
            #[cfg(feature = "mutable-shaders")]
            crate::gpu::mutable::refused(&message);
            // a caller's leaf is more likely wrong than this library's shaders, so the error names it if there is one
            let foreign = || explained.files().iter().filter(|file| !file.is_own());
            let named = foreign().find(|file| message.contains(&format!("in {}, line", file.shown())));
            match named.or(foreign().next()) {
                Some(file) => Error::InvalidShader { path: file.path().into(), message: compilers(&message).into() },
                None => Error::Gpu(message),
            }
        }
        other => other,
    };
    let make = || {
        let module = module(gpu, kernel);
        let entries: Vec<_> = bindings
            .iter()
            .map(|binding| wgpu::BindGroupLayoutEntry {
                binding: binding.number,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: binding.kind,
                    has_dynamic_offset: binding.is_dynamic(),
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(kernel.entry()),
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(kernel.entry()),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let constants = kernel.overrides();
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.entry()),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(kernel.entry()),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                // kernels write all workgroup memory before they read it
                zero_initialize_workgroup_memory: false,
            },
            cache: gpu.own_driver_cache(),
        });
        (pipeline, layout)
    };
    let (pipeline, layout) = gpu.scoped_as(make, explain)?;
    Ok(Pipeline { pipeline, layout, bindings })
}

/// Refuses a kernel that binds more buffers or has larger workgroups than the device allows.
fn refuse_beyond_limits(gpu: &Gpu, kernel: &Kernel, bindings: &[Declared]) -> Result<()> {
    let limits = gpu.limits();
    let buffers = bindings.iter().filter(|binding| binding.kind != wgpu::BufferBindingType::Uniform).count();
    let workgroup = limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x);
    let needs = [
        ("storage buffers of a kernel", buffers as u64, limits.max_storage_buffers_per_shader_stage),
        ("invocations of a workgroup", 256, workgroup),
    ];
    match needs.into_iter().find(|(_, needed, limit)| *needed > u64::from(*limit)) {
        Some((what, needed, limit)) => {
            Err(Error::TooLarge { what: format!("{what} (`{}`)", kernel.entry()), needed, limit: limit.into() })
        }
        None => Ok(()),
    }
}

/// The compiler's part of a message, without the text that wgpu puts before it.
fn compilers(message: &str) -> &str {
    let begin = message
        .find("Shader '")
        .or_else(|| message.find("label = ").and_then(|at| Some(at + message[at..].find('\n')?)));
    message[begin.unwrap_or(0)..].trim()
}

/// The shader module of a kernel.
#[expect(unsafe_code, reason = "the one place that turns off a check of naga's")]
fn module(gpu: &Gpu, kernel: &Kernel) -> wgpu::ShaderModule {
    let text = wgpu::ShaderSource::Wgsl(kernel.text().into());
    let module = wgpu::ShaderModuleDescriptor { label: Some(kernel.entry()), source: text };
    if gpu.target().is_plain() || !kernel.files().iter().all(|file| file.is_own()) {
        return gpu.device().create_shader_module(module);
    }
    // By default naga counts the iterations of every loop, which slows kernels and, even more, compilers. Checks of
    // indices stay on: they cost next to nothing, and a proof that they are needless might not hold on a caller's
    // device.
    let checks = wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
    // SAFETY: every loop in this library's shaders ends: it counts up to a number from the host, which a test bounds. A kernel
    // with a caller's leaf may have other loops. It is compiled above, with all checks.
    unsafe { gpu.device().create_shader_module_trusted(module, checks) }
}

/// A compiler's message, with the shader file and line for each line of the joined text that it names.
fn with_files(kernel: &Kernel, message: &str) -> String {
    let mut out = message.to_string();
    for (start, _) in message.match_indices("wgsl:") {
        let line: String = message[start + 5..].chars().take_while(char::is_ascii_digit).collect();
        if let Some((file, line)) = line.parse().ok().and_then(|line| kernel.locate(line)) {
            let _ = write!(out, "\nin {}, line {line}", file.shown());
        }
    }
    out
}

impl Pipelines {
    /// The pipelines of `kernels`, in order. Makes missing pipelines, each only once even if several threads ask for it.
    pub fn get(&self, gpu: &Gpu, kernels: &[Kernel]) -> Result<Vec<Arc<Pipeline>>> {
        #[cfg(feature = "mutable-shaders")]
        crate::gpu::mutable::note(kernels.iter().flat_map(Kernel::files).map(|file| file.path()));
        let places: Vec<_> = kernels.iter().map(|kernel| self.0.place(kernel.key())).collect();
        let mut known = HashSet::new();
        let is_missing = |&k: &usize| places[k].made().is_none() && known.insert(Arc::as_ptr(&places[k]));
        let missing: Vec<usize> = (0..kernels.len()).filter(is_missing).collect();
        let make = |&k: &usize| places[k].get(|| create(gpu, &kernels[k])).map(drop);
        in_order(gpu.pipelines_at_once(), &missing, make)?;
        places.iter().zip(kernels).map(|(place, kernel)| place.get(|| create(gpu, kernel))).collect()
    }
}
