//! `wgloss devices`: lists the GPU adapters, with the limits and features that the losses use.

use crate::failure::Failure;
use indicatif::BinaryBytes;
use std::io::Write;
use wgloss::wgpu::Features;
use wgloss::{AdapterReport, Gpu, adapters};

/// Lists the adapters. Fails if none of them would be used.
pub fn run(out: &mut impl Write) -> Result<(), Failure> {
    let found = adapters();
    for adapter in &found {
        let used = if adapter.chosen { " (used)" } else { "" };
        writeln!(out, "{}{used}", adapter.info.name)?;
        for (what, value) in lines(adapter) {
            writeln!(out, "  {what:<26} {value}")?;
        }
    }
    if !found.iter().any(|adapter| adapter.chosen) {
        // opening a context fails with an error that says which backends were tried and what to install
        Gpu::new()?;
    }
    Ok(())
}

fn lines(AdapterReport { info, limits, features, .. }: &AdapterReport) -> [(&'static str, String); 13] {
    let bytes = |bytes: u64| BinaryBytes(bytes).to_string();
    let offered = |feature, what: &str| if features.contains(feature) { what } else { "no" }.to_string();
    let lanes = format!("{} to {} lanes", info.subgroup_min_size, info.subgroup_max_size);
    [
        ("driver", [&*info.driver, &*info.driver_info].join(" ").trim().to_string()),
        ("type", format!("{:?}", info.device_type)),
        ("backend", info.backend.to_string()),
        ("max buffer", bytes(limits.max_buffer_size)),
        ("max storage binding", bytes(limits.max_storage_buffer_binding_size)),
        ("storage buffers per stage", limits.max_storage_buffers_per_shader_stage.to_string()),
        ("workgroup memory", bytes(limits.max_compute_workgroup_storage_size.into())),
        ("invocations per workgroup", limits.max_compute_invocations_per_workgroup.to_string()),
        ("workgroups per dimension", limits.max_compute_workgroups_per_dimension.to_string()),
        ("subgroups", offered(Features::SUBGROUP, &lanes)),
        ("f16", offered(Features::SHADER_F16, "yes")),
        ("timestamps", offered(Features::TIMESTAMP_QUERY, "yes")),
        ("immediates", offered(Features::IMMEDIATES, &bytes(limits.max_immediate_size.into()))),
    ]
}
