//! The machine, as a report describes it: its system, the adapter that is used, and the kind of kernels for it.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::env;
use std::{fs, thread};
use wgloss::wgpu::Features;
use wgloss::{AdapterReport, adapters};

/// The system. Nothing in it identifies its user.
#[derive(Serialize)]
pub struct System {
    os: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    architecture: &'static str,
    cores: usize,
}

/// The system that the program runs on.
pub fn system() -> System {
    // os-release(5) names both files; the second is the fallback
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release"));
    System {
        os: env::consts::OS,
        release: text.ok().as_deref().and_then(release),
        architecture: env::consts::ARCH,
        cores: thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The name of the release in an os-release file.
fn release(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches(['"', '\'']).into())
}

/// The adapter that is used, and the kind of kernels for it.
pub fn adapter() -> Option<(Json, &'static str)> {
    let used = adapters().into_iter().find(|adapter| adapter.chosen)?;
    Some((description(&used), used.kernels))
}

fn description(AdapterReport { info, limits, features, .. }: &AdapterReport) -> Json {
    let has = |(name, feature): (&str, Features)| (name.to_string(), features.contains(feature).into());
    let features: Map<String, Json> = [
        ("subgroups", Features::SUBGROUP),
        ("f16", Features::SHADER_F16),
        ("int64", Features::SHADER_INT64),
        ("timestamps", Features::TIMESTAMP_QUERY),
        ("immediates", Features::IMMEDIATES),
        ("cooperative_matrix", Features::EXPERIMENTAL_COOPERATIVE_MATRIX),
    ]
    .into_iter()
    .map(has)
    .collect();
    json!({
        "name": info.name,
        "vendor": format!("{:#06x}", info.vendor),
        "device": format!("{:#06x}", info.device),
        "type": format!("{:?}", info.device_type),
        "backend": info.backend.to_string(),
        "driver": info.driver,
        "driver_info": info.driver_info,
        "subgroup_sizes": [info.subgroup_min_size, info.subgroup_max_size],
        "features": features,
        "limits": {
            "max_buffer_size": limits.max_buffer_size,
            "max_storage_buffer_binding_size": limits.max_storage_buffer_binding_size,
            "max_storage_buffers_per_shader_stage": limits.max_storage_buffers_per_shader_stage,
            "min_storage_buffer_offset_alignment": limits.min_storage_buffer_offset_alignment,
            "max_compute_workgroup_storage_size": limits.max_compute_workgroup_storage_size,
            "max_compute_invocations_per_workgroup": limits.max_compute_invocations_per_workgroup,
            "max_compute_workgroups_per_dimension": limits.max_compute_workgroups_per_dimension,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_release_is_found() {
        for (text, name) in [
            ("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", Some("Debian GNU/Linux 12 (bookworm)")),
            ("PRETTY_NAME='Fedora 41'", Some("Fedora 41")),
            ("ID=debian\n", None),
        ] {
            assert_eq!(release(text).as_deref(), name);
        }
    }
}
