//! A kernel's text in the languages of drivers.

use super::writers::{self, Settled};
use crate::failure::Failure;
use naga::ShaderStage;
use naga::back::hlsl::ShaderModel;
use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use std::fmt::{Debug, Write};
use wgloss::KernelReport;

/// The failure for a kernel that naga refuses, which is no fault of the caller's.
fn refused(report: &KernelReport, error: impl Debug) -> Failure {
    Failure::Refused(wgloss::Error::Gpu(format!("{}: {error:?}", report.entry)))
}

/// Writes the kernel's module, with the overrides replaced by their values.
fn written<T, E: Debug>(report: &KernelReport, write: impl FnOnce(Settled<'_>) -> Result<T, E>) -> Result<T, Failure> {
    let module = naga::front::wgsl::parse_str(&report.text).map_err(|error| refused(report, error))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    let info = validator.validate(&module).map_err(|error| refused(report, error))?;
    let constants = report.overrides.iter().cloned().collect();
    let (module, info) = process_overrides(&module, &info, Some((ShaderStage::Compute, report.entry)), &constants)
        .map_err(|error| refused(report, error))?;
    let bindings: Vec<_> = report.bindings.iter().map(|binding| (binding.number, binding.is_written)).collect();
    let settled = Settled { module: &module, info: &info, entry: report.entry, bindings: &bindings };
    write(settled).map_err(|error| refused(report, error))
}

/// The words of the SPIR-V module, eight to a line.
pub fn spirv(report: &KernelReport) -> Result<String, Failure> {
    let words = written(report, |settled| writers::spirv(settled, (1, 3)))?;
    let mut text = String::new();
    for line in words.chunks(8) {
        let line: Vec<String> = line.iter().map(|word| format!("{word:#010x}")).collect();
        let _ = writeln!(text, "{}", line.join(" "));
    }
    Ok(text)
}

pub fn hlsl(report: &KernelReport) -> Result<String, Failure> {
    written(report, |settled| writers::hlsl(settled, ShaderModel::V5_1)).map(|(text, _)| text)
}

pub fn msl(report: &KernelReport) -> Result<String, Failure> {
    written(report, writers::msl).map(|(text, _)| text)
}
