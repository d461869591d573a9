//! Joins shader files into kernels, and makes pipelines of them.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::declared::{Declared, binding, declarations};
use crate::gpu::files::{FILES, file};
use crate::gpu::own_params::with_own_params;
use crate::gpu::rewrite::{CLASSES, ROW, STRIP};
use crate::loss::Source;
use std::fmt::Write;

/// What a kernel takes four at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Quads {
    Nothing,
    /// What it reads.
    Reads,
    /// That, and the gradients that it writes: nobody else writes to a quad.
    Writes,
}

/// A kernel: the files it is joined of, its entry point, and the choices it is specialised by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    pub entry: &'static str,
    pub sources: Vec<Source>,
    pub overrides: Vec<(String, f64)>,
    /// Which elements the kernel takes four at a time, from places that are multiples of four.
    pub quads: Quads,
    /// How many classes there are, where a lane may keep those of its positions.
    pub few: Option<u32>,
    /// How many fours of a row a lane has, where it may keep them.
    pub row: Option<u32>,
    /// How many times four neighbours a lane takes at a time, where that is written out.
    pub strip: Option<u32>,
    /// Whether each lane copies the parameters where it begins.
    pub own_params: bool,
    /// Whether every storage binding is read_write, as it must be where operands and outputs share a buffer.
    pub shared_buffer: bool,
}

impl Kernel {
    /// The joined source.
    pub fn text(&self) -> String {
        let text: String = self.sources.iter().map(text_of).collect::<Vec<_>>().join("\n");
        let few = self.few.filter(|_| self.has("geometry/few_classes"));
        let row = self.row.filter(|_| self.has("geometry/row_kept"));
        let told = [(&CLASSES, few), (&ROW, row), (&STRIP, self.strip)];
        let text = told.into_iter().fold(text, |text, (unrolled, times)| match times {
            Some(times) => unrolled.written_out(&text, times),
            None => text,
        });
        let text = if self.own_params { with_own_params(&text, self.entry) } else { text };
        match self.shared_buffer {
            true => text.replace("var<storage, read>", "var<storage, read_write>"),
            false => text,
        }
    }

    /// Whether it is joined of this file.
    pub fn has(&self, path: &str) -> bool {
        self.sources.iter().any(|source| source.path == path)
    }

    /// Joins other files in the place of one, as far as they are not there yet.
    pub fn replace(&mut self, path: &str, by: &[&str]) {
        self.sources.retain(|source| source.path != path);
        for path in by {
            if !self.has(path) {
                self.sources.push(file(path));
            }
        }
    }

    /// The bindings that its files declare.
    pub fn bindings(&self) -> Vec<Declared> {
        let mut bindings: Vec<Declared> =
            self.sources.iter().flat_map(|source| &declarations(source).bindings).cloned().collect();
        for binding in &mut bindings {
            if let (true, wgpu::BufferBindingType::Storage { read_only }) = (self.shared_buffer, &mut binding.kind) {
                *read_only = false;
            }
        }
        bindings
    }

    /// Where a line of the joined source stands in its own file.
    pub fn locate(&self, line: usize) -> Option<(&'static str, usize)> {
        let mut first = 1;
        for source in &self.sources {
            // a joint adds the line break that ends a file without one, or a blank line
            let lines = source.text.matches('\n').count() + 1;
            if line < first + lines {
                return Some((source.path, line + 1 - first));
            }
            first += lines;
        }
        None
    }

    pub fn key(&self) -> String {
        let mut key =
            format!("{} {} {:?} {}", self.entry, self.shared_buffer, [self.few, self.row, self.strip], self.own_params);
        for source in &self.sources {
            // a leaf from outside the crate may share a path with another
            let _ = write!(key, " {}@{:p}", source.path, source.text);
        }
        for (name, value) in &self.overrides {
            let _ = write!(key, " {name}={value}");
        }
        key
    }
}

/// A shader's text; with the feature `mutable-shaders`, as it stands in a directory when the program runs.
pub(super) fn text_of(source: &Source) -> &'static str {
    #[cfg(feature = "mutable-shaders")]
    return crate::gpu::mutable::text(source);
    #[cfg(not(feature = "mutable-shaders"))]
    source.text
}

/// Refuses a leaf that declares a binding: a plan knows of nothing that it could stand for.
pub(super) fn refuse_bindings(leaf: &Source) -> Result<()> {
    match leaf.text.lines().zip(1..).find_map(|(line, number)| Some((binding(line)?, number))) {
        None => Ok(()),
        Some((Declared { name, .. }, line)) => Err(Error::InvalidShader {
            path: leaf.path.into(),
            message: format!(
                "in shaders/{}.wgsl, line {line}: a leaf declares no binding, and here is `{name}`",
                leaf.path
            ),
        }),
    }
}

/// A pipeline with the layout of its one bind group.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
    pub bindings: Vec<Declared>,
}

/// Makes the pipeline of a kernel.
pub(super) fn create(gpu: &Gpu, kernel: &Kernel) -> Result<Pipeline> {
    let bindings = kernel.bindings();
    let device = gpu.device();
    let explained = kernel.clone();
    refuse_beyond_limits(gpu, kernel, &bindings)?;
    #[cfg(feature = "mutable-shaders")]
    crate::gpu::mutable::note(kernel);
    let explain = move |error| match error {
        Error::Gpu(message) => {
            let message = with_files(&explained, &message);
            #[cfg(feature = "mutable-shaders")]
            crate::gpu::mutable::refused(&message);
            // this library's own shaders have been compiled often enough
            let foreign = || explained.sources.iter().filter(|source| !is_own(source));
            let named = foreign().find(|source| message.contains(&format!("shaders/{}.wgsl", source.path)));
            match named.or(foreign().next()) {
                Some(source) => Error::InvalidShader { path: source.path.into(), message: compilers(&message).into() },
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
                ty: wgpu::BindingType::Buffer { ty: binding.kind, has_dynamic_offset: false, min_binding_size: None },
                count: None,
            })
            .collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(kernel.entry),
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(kernel.entry),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let constants: Vec<(&str, f64)> =
            kernel.overrides.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.entry),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(kernel.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                // every cell of workgroup memory is written before it is read
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        (pipeline, layout)
    };
    let (pipeline, layout) = gpu.scoped_as(make, explain)?;
    Ok(Pipeline { pipeline, layout, bindings })
}

/// Refuses a kernel that binds more, or has larger workgroups, than the device allows.
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
            Err(Error::TooLarge { what: format!("{what} (`{}`)", kernel.entry), needed, limit: limit.into() })
        }
        None => Ok(()),
    }
}

/// The compiler's part of a message, without wgpu's before it.
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
    let module = wgpu::ShaderModuleDescriptor { label: Some(kernel.entry), source: text };
    if gpu.is_plain() || !kernel.sources.iter().all(is_own) {
        return gpu.device().create_shader_module(module);
    }
    // Otherwise naga counts the iterations of every loop, at a cost in time and more in compiling. Indices stay checked: that
    // costs next to nothing, and what is proven of them here might be wrong of a caller's device.
    let checks = wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
    // SAFETY: loops of this library's shaders end: each counts up to a number of the host's, which a test bounds. A leaf
    // from outside may have others, and is compiled with all checks.
    unsafe { gpu.device().create_shader_module_trusted(module, checks) }
}

/// Whether a shader is this library's.
pub(super) fn is_own(source: &Source) -> bool {
    FILES.contains(source) || crate::losses::shaders().contains(source)
}

/// A compiler's message with the file and line of each place it names in the joined source.
fn with_files(kernel: &Kernel, message: &str) -> String {
    let mut out = message.to_string();
    for (start, _) in message.match_indices("wgsl:") {
        let line: String = message[start + 5..].chars().take_while(char::is_ascii_digit).collect();
        if let Some((path, line)) = line.parse().ok().and_then(|line| kernel.locate(line)) {
            let _ = write!(out, "\nin shaders/{path}.wgsl, line {line}");
        }
    }
    out
}
