//! Joins shader files into kernels, and keeps the pipelines made of them.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::loss::{Source, source};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Every shader file that is not a loss's own leaf. A test compares the list with the tree.
pub(crate) static FILES: &[Source] = &[
    source!("lib/params"),
    source!("lib/math"),
    source!("lib/tally"),
    source!("lib/workspace"),
    source!("lib/label"),
    source!("lib/class"),
    source!("lib/totals"),
    source!("dtype/float"),
    source!("dtype/half"),
    source!("dtype/quad"),
    source!("dtype/quad_of_pairs"),
    source!("operand/x0"),
    source!("operand/x0_quads"),
    source!("operand/x0_in_place"),
    source!("operand/x1"),
    source!("operand/x1_quads"),
    source!("operand/x2"),
    source!("operand/x2_quads"),
    source!("operand/x3"),
    source!("operand/x3_quads"),
    source!("operand/row"),
    source!("operand/dx0"),
    source!("operand/dx0_quads"),
    source!("operand/dx1"),
    source!("operand/dx1_quads"),
    source!("operand/dx2"),
    source!("operand/dx2_quads"),
    source!("operand/dx3"),
    source!("operand/dx3_quads"),
    source!("operand/dx0_half"),
    source!("operand/dx1_half"),
    source!("operand/dx2_half"),
    source!("operand/dx3_half"),
    source!("operand/weight"),
    source!("operand/mask"),
    source!("operand/upstream"),
    source!("operand/losses"),
    source!("operand/class_weight"),
    source!("operand/divisor"),
    source!("operand/table"),
    source!("operand/items"),
    source!("operand/labels"),
    source!("operand/labels_quads"),
    source!("operand/dense"),
    source!("operand/statistics"),
    source!("operand/statistics_out"),
    source!("operand/states"),
    source!("operand/row_states"),
    source!("operand/pixels"),
    source!("operand/pixel_fours"),
    source!("operand/riders"),
    source!("operand/sums"),
    source!("operand/coefficients"),
    source!("operand/logit_scale"),
    source!("operand/logit_bias"),
    source!("operand/bias"),
    source!("operand/factors"),
    source!("operand/whole_states"),
    source!("operand/hits"),
    source!("operand/records"),
    source!("operand/slopes"),
    source!("operand/kept"),
    source!("operand/slope_sums"),
    source!("operand/gram_slopes"),
    source!("operand/pulls"),
    source!("operand/products"),
    source!("operand/grams"),
    source!("absent/x0"),
    source!("absent/x1"),
    source!("absent/x2"),
    source!("absent/x3"),
    source!("absent/row"),
    source!("absent/dx0"),
    source!("absent/dx1"),
    source!("absent/dx2"),
    source!("absent/dx3"),
    source!("absent/weight"),
    source!("absent/mask"),
    source!("absent/upstream"),
    source!("absent/losses"),
    source!("absent/class_weight"),
    source!("absent/divisor"),
    source!("absent/items"),
    source!("absent/kept"),
    source!("absent/rider"),
    source!("absent/labels"),
    source!("absent/logit_scale"),
    source!("absent/logit_bias"),
    source!("absent/bias"),
    source!("absent/similarity"),
    source!("absent/similarity_row"),
    source!("absent/similarity_pair"),
    source!("activation/softmax"),
    source!("activation/sigmoid"),
    source!("activation/none"),
    source!("fold/softmax"),
    source!("fold/softmax_classes"),
    source!("fold/class_sum"),
    source!("fold/divergence"),
    source!("fold/regions"),
    source!("fold/cosine"),
    source!("fold/distance"),
    source!("fold/similarity"),
    source!("geometry/element"),
    source!("geometry/scalars"),
    source!("geometry/boxes"),
    source!("geometry/elements"),
    source!("geometry/elements_count"),
    source!("geometry/items_lookup"),
    source!("geometry/items_losses"),
    source!("geometry/places"),
    source!("geometry/label_weight"),
    source!("geometry/label_of_pieces"),
    source!("geometry/whole_of_chunks"),
    source!("geometry/whole_of_pieces"),
    source!("geometry/positions_statistics"),
    source!("geometry/class_axis"),
    source!("geometry/positions_tally"),
    source!("geometry/positions_write"),
    source!("geometry/positions_fused"),
    source!("geometry/positions_pixels"),
    source!("geometry/positions_gather"),
    source!("geometry/positions_score"),
    source!("geometry/positions_scatter"),
    source!("geometry/positions_count"),
    source!("geometry/region"),
    source!("geometry/region_quads"),
    source!("geometry/region_rider"),
    source!("geometry/region_chunks"),
    source!("geometry/region_pieces"),
    source!("geometry/region_lanes"),
    source!("geometry/region_merge"),
    source!("geometry/region_statistics"),
    source!("geometry/region_gather"),
    source!("geometry/region_settle"),
    source!("geometry/region_couple"),
    source!("geometry/region_scatter"),
    source!("geometry/distances"),
    source!("geometry/lanes"),
    source!("geometry/vectors"),
    source!("geometry/vectors_fused"),
    source!("geometry/vectors_gather"),
    source!("geometry/vectors_settle"),
    source!("geometry/vectors_scatter"),
    source!("geometry/row_elements"),
    source!("geometry/rows"),
    source!("geometry/gram_gather"),
    source!("geometry/gram_settle"),
    source!("geometry/gram_scatter"),
    source!("geometry/slopes_channels"),
    source!("geometry/rows_factors"),
    source!("geometry/lane_products"),
    source!("geometry/tiles"),
    source!("geometry/tiles_subgroups"),
    source!("geometry/tiles_gather"),
    source!("geometry/tiles_merge"),
    source!("geometry/tiles_slopes"),
    source!("geometry/tiles_pull"),
    source!("geometry/slopes_rows"),
    source!("geometry/tiles_product"),
    source!("geometry/tiles_finish"),
    source!("geometry/tiles_sums"),
    source!("geometry/tiles_number"),
    source!("geometry/similarity_pairs"),
    source!("geometry/similarity_absorb"),
    source!("geometry/similarity_slope"),
    source!("geometry/similarity_score"),
    source!("geometry/similarity_settle"),
    source!("geometry/linear_pairs"),
    source!("geometry/linear_absorb"),
    source!("geometry/linear_slope"),
    source!("geometry/linear_score"),
    source!("geometry/linear_settle"),
    source!("geometry/totals_scale"),
    source!("geometry/totals_outcome"),
];

/// The file at this path; the plans name none that is not in the list.
pub(crate) fn file(path: &str) -> Source {
    *FILES.iter().find(|source| source.path == path).unwrap_or_else(|| unreachable!("no shader file {path}"))
}

/// A kernel: the files it is joined of, its entry point, and the choices it is specialised by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    pub entry: &'static str,
    pub sources: Vec<Source>,
    pub overrides: Vec<(String, f64)>,
    /// Whether the kernel goes through elements four at a time, from places that are multiples of four.
    pub quads: bool,
    /// Whether every storage binding is read_write, as it must be where operands and outputs share a buffer.
    pub shared_buffer: bool,
}

/// One binding that a kernel's source declares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declared {
    pub number: u32,
    pub name: String,
    pub kind: wgpu::BufferBindingType,
}

impl Kernel {
    /// The joined source.
    pub fn text(&self) -> String {
        let text: String = self.sources.iter().map(|source| source.text).collect::<Vec<_>>().join("\n");
        match self.shared_buffer {
            true => text.replace("var<storage, read>", "var<storage, read_write>"),
            false => text,
        }
    }

    /// Joins other files in the place of one, as far as they are not there yet.
    pub fn replace(&mut self, path: &str, by: &[&str]) {
        self.sources.retain(|source| source.path != path);
        for path in by {
            if !self.sources.iter().any(|source| source.path == *path) {
                self.sources.push(file(path));
            }
        }
    }

    /// The bindings that the source declares: one line each, as all shader files write them.
    pub fn bindings(&self) -> Vec<Declared> {
        self.text().lines().filter_map(declared).collect()
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
        let mut key = format!("{} {}", self.entry, self.shared_buffer);
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

fn declared(line: &str) -> Option<Declared> {
    let (number, rest) = line.strip_prefix("@group(0) @binding(")?.split_once(')')?;
    let (space, rest) = rest.trim_start().strip_prefix("var<")?.split_once('>')?;
    let (name, _) = rest.trim_start().split_once(':')?;
    let kind = match space {
        "uniform" => wgpu::BufferBindingType::Uniform,
        "storage, read" => wgpu::BufferBindingType::Storage { read_only: true },
        _ => wgpu::BufferBindingType::Storage { read_only: false },
    };
    Some(Declared { number: number.parse().ok()?, name: name.into(), kind })
}

/// A pipeline with the layout of its one bind group.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
    pub bindings: Vec<Declared>,
}

/// The pipelines made so far.
#[derive(Debug, Default)]
pub(crate) struct Pipelines(Mutex<HashMap<String, Arc<Pipeline>>>);

/// How many pipelines are kept: beyond, all are dropped and made anew as they are needed.
const KEPT: usize = 512;

impl Pipelines {
    /// The pipeline of a kernel, made where it is not there yet.
    pub fn get(&self, gpu: &Gpu, kernel: &Kernel) -> Result<Arc<Pipeline>> {
        let key = kernel.key();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = kept.get(&key) {
            return Ok(pipeline.clone());
        }
        let pipeline = Arc::new(create(gpu, kernel)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, pipeline.clone());
        Ok(pipeline)
    }

    /// How many pipelines are kept.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn create(gpu: &Gpu, kernel: &Kernel) -> Result<Pipeline> {
    let bindings = kernel.bindings();
    let device = gpu.device();
    let made = gpu.scoped(|| {
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
    });
    match made {
        Ok((pipeline, layout)) => Ok(Pipeline { pipeline, layout, bindings }),
        Err(Error::Gpu(message)) => Err(Error::Gpu(with_files(kernel, &message))),
        Err(other) => Err(other),
    }
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
fn is_own(source: &Source) -> bool {
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
