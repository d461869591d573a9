//! A kernel's text in the languages of drivers, as wgpu has naga write it.

use crate::failure::Failure;
use naga::back::pipeline_constants::process_overrides;
use naga::back::{hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use naga::{Module, ResourceBinding, ShaderStage};
use std::fmt::{Debug, Write};
use wgloss::{BindingReport, KernelReport};

/// What naga has against a kernel, which is no fault of the caller's.
fn refused(report: &KernelReport, error: impl Debug) -> Failure {
    Failure::Refused(wgloss::Error::Gpu(format!("{}: {error:?}", report.entry)))
}

/// The kernel's module, with its overrides settled.
fn settled(report: &KernelReport) -> Result<(Module, ModuleInfo), Failure> {
    let module = naga::front::wgsl::parse_str(&report.text).map_err(|error| refused(report, error))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    let info = validator.validate(&module).map_err(|error| refused(report, error))?;
    let constants = report.overrides.iter().cloned().collect();
    let (module, info) = process_overrides(&module, &info, Some((ShaderStage::Compute, report.entry)), &constants)
        .map_err(|error| refused(report, error))?;
    Ok((module.into_owned(), info.into_owned()))
}

/// Every index is checked, as the library asks of wgpu.
const RESTRICTED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Restrict,
    buffer: BoundsCheckPolicy::Restrict,
    image_load: BoundsCheckPolicy::Restrict,
    binding_array: BoundsCheckPolicy::Unchecked,
};

fn place(binding: &BindingReport) -> ResourceBinding {
    ResourceBinding { group: 0, binding: binding.number }
}

/// The words of the SPIR-V module, eight to a line.
pub fn spirv(report: &KernelReport) -> Result<String, Failure> {
    let (module, info) = settled(report)?;
    let pipeline = spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point: report.entry.into() };
    let options = spv::Options {
        lang_version: (1, 3),
        bounds_check_policies: RESTRICTED,
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        ..Default::default()
    };
    let words = spv::write_vec(&module, &info, &options, Some(&pipeline)).map_err(|error| refused(report, error))?;
    let mut text = String::new();
    for line in words.chunks(8) {
        let line: Vec<String> = line.iter().map(|word| format!("{word:#010x}")).collect();
        let _ = writeln!(text, "{}", line.join(" "));
    }
    Ok(text)
}

/// HLSL, with registers as wgpu counts them: those of each kind, in the order of the bindings.
pub fn hlsl(report: &KernelReport) -> Result<String, Failure> {
    let (module, info) = settled(report)?;
    let target = |register| hlsl::BindTarget { register, restrict_indexing: true, ..Default::default() };
    let (mut uniform, mut read, mut written) = (0, 0, 0);
    let mut binding_map = hlsl::BindingMap::new();
    for binding in &report.bindings {
        let count = match (binding.number, binding.is_written) {
            (0, _) => &mut uniform,
            (_, true) => &mut written,
            (_, false) => &mut read,
        };
        binding_map.insert(place(binding), target(*count));
        *count += 1;
    }
    let options = hlsl::Options {
        shader_model: hlsl::ShaderModel::V5_1,
        binding_map,
        fake_missing_bindings: false,
        special_constants_binding: Some(target(uniform)),
        zero_initialize_workgroup_memory: false,
        restrict_indexing: true,
        force_loop_bounding: false,
        ..Default::default()
    };
    let pipeline = hlsl::PipelineOptions { entry_point: Some((ShaderStage::Compute, report.entry.into())) };
    let mut text = String::new();
    let written = hlsl::Writer::new(&mut text, &options, &pipeline).write(&module, &info, None);
    written.map_err(|error| refused(report, error))?;
    Ok(text)
}

/// MSL, with a buffer for each binding and one more, which holds their lengths.
pub fn msl(report: &KernelReport) -> Result<String, Failure> {
    let (module, info) = settled(report)?;
    let slot = |(slot, binding): (usize, &BindingReport)| {
        let target = msl::BindTarget { buffer: Some(slot as u8), mutable: binding.is_written, ..Default::default() };
        (place(binding), target)
    };
    let resources = msl::EntryPointResources {
        resources: report.bindings.iter().enumerate().map(slot).collect(),
        sizes_buffer: Some(report.bindings.len() as u8),
        ..Default::default()
    };
    let options = msl::Options {
        lang_version: (2, 0),
        per_entry_point_map: [(report.entry.to_string(), resources)].into(),
        fake_missing_bindings: false,
        bounds_check_policies: RESTRICTED,
        zero_initialize_workgroup_memory: false,
        force_loop_bounding: false,
        ..Default::default()
    };
    let entry_point = Some((ShaderStage::Compute, report.entry.to_string()));
    let pipeline = msl::PipelineOptions { entry_point, vertex_pulling_transform: true, ..Default::default() };
    let (text, _) = msl::write_string(&module, &info, &options, &pipeline).map_err(|error| refused(report, error))?;
    Ok(text)
}
