//! Writes a module in the languages of drivers, as wgpu has naga write it. The library's tests include this file too.

use naga::back::{hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;
use naga::{Module, ResourceBinding, ShaderStage};

/// A module whose overrides were replaced by their values, with the name of its entry point.
#[derive(Clone, Copy)]
pub struct Settled<'a> {
    pub module: &'a Module,
    pub info: &'a ModuleInfo,
    pub entry: &'a str,
    /// The number of each binding, and whether the kernel writes to it, sorted by number. The first binding is the parameters.
    pub bindings: &'a [(u32, bool)],
}

/// Every index is checked, as the library asks of wgpu.
const RESTRICTED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Restrict,
    buffer: BoundsCheckPolicy::Restrict,
    image_load: BoundsCheckPolicy::Restrict,
    binding_array: BoundsCheckPolicy::Unchecked,
};

fn place(binding: u32) -> ResourceBinding {
    ResourceBinding { group: 0, binding }
}

/// The words of the SPIR-V module.
pub fn spirv(settled: Settled<'_>, lang_version: (u8, u8)) -> Result<Vec<u32>, spv::Error> {
    let entry_point = settled.entry.to_string();
    let pipeline = spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point };
    let options = spv::Options {
        lang_version,
        bounds_check_policies: RESTRICTED,
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        ..Default::default()
    };
    spv::write_vec(settled.module, settled.info, &options, Some(&pipeline))
}

/// HLSL, with registers as wgpu numbers them: for each kind of binding from 0, in the order of the bindings. Also returns
/// naga's information about the entry point.
pub fn hlsl(
    settled: Settled<'_>,
    shader_model: hlsl::ShaderModel,
) -> Result<(String, hlsl::ReflectionInfo), hlsl::Error> {
    let target = |register| hlsl::BindTarget { register, restrict_indexing: true, ..Default::default() };
    let (mut uniform, mut read, mut written) = (0, 0, 0);
    let mut binding_map = hlsl::BindingMap::new();
    for &(number, is_written) in settled.bindings {
        let count = match (number, is_written) {
            (0, _) => &mut uniform,
            (_, true) => &mut written,
            (_, false) => &mut read,
        };
        binding_map.insert(place(number), target(*count));
        *count += 1;
    }
    let options = hlsl::Options {
        shader_model,
        binding_map,
        fake_missing_bindings: false,
        special_constants_binding: Some(target(uniform)),
        zero_initialize_workgroup_memory: false,
        restrict_indexing: true,
        force_loop_bounding: false,
        ..Default::default()
    };
    let pipeline = hlsl::PipelineOptions { entry_point: Some((ShaderStage::Compute, settled.entry.to_string())) };
    let mut text = String::new();
    let reflection = hlsl::Writer::new(&mut text, &options, &pipeline).write(settled.module, settled.info, None)?;
    Ok((text, reflection))
}

/// MSL 2.0, the lowest version that wgpu asks of Metal, with a buffer for each binding and one more, which holds their lengths.
/// Also returns naga's information about the entry point.
pub fn msl(settled: Settled<'_>) -> Result<(String, msl::TranslationInfo), msl::Error> {
    let slot = |(slot, &(number, mutable)): (usize, &(u32, bool))| {
        (place(number), msl::BindTarget { buffer: Some(slot as u8), mutable, ..Default::default() })
    };
    let resources = msl::EntryPointResources {
        resources: settled.bindings.iter().enumerate().map(slot).collect(),
        sizes_buffer: Some(settled.bindings.len() as u8),
        ..Default::default()
    };
    let options = msl::Options {
        lang_version: (2, 0),
        per_entry_point_map: [(settled.entry.to_string(), resources)].into(),
        fake_missing_bindings: false,
        bounds_check_policies: RESTRICTED,
        zero_initialize_workgroup_memory: false,
        force_loop_bounding: false,
        ..Default::default()
    };
    let entry_point = Some((ShaderStage::Compute, settled.entry.to_string()));
    let pipeline = msl::PipelineOptions { entry_point, vertex_pulling_transform: true, ..Default::default() };
    msl::write_string(settled.module, settled.info, &options, &pipeline)
}
