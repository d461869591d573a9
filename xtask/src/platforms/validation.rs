//! The row of Khronos' validation layer: everything that the program's cases do to Vulkan, and how their dispatches synchronise.

use std::collections::BTreeMap;
use std::fs;

use super::drivers::{inside, verdict};
use super::machine::Halt;
use super::place::{Outcome, Place, unwritten};

/// The one message that is known: naga decorates a parameter block in a way that Vulkan's rules don't have (gfx-rs/wgpu#7696).
const KNOWN: &str = "VUID-StandaloneSpirv-None-10684";

/// The layer's settings.
const SETTINGS: &str = "\
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.log_filename = /opt/wgloss/validation.txt
khronos_validation.report_flags = error,warn
khronos_validation.enable_message_limit = false
khronos_validation.validate_core = true
khronos_validation.validate_sync = true
khronos_validation.syncval_shader_accesses_heuristic = true
";

/// `validation`.
pub fn validation(place: &Place) -> Result<Outcome, Halt> {
    let sid = place.sid()?;
    sid.install(&["vulkan-validationlayers"])?;
    let settings = sid.inside("vk_layer_settings.txt");
    fs::write(&settings, SETTINGS).map_err(|error| unwritten(&settings, &error))?;
    let log = sid.inside("validation.txt");
    let _ = fs::remove_file(&log);
    let program = inside(place.program()?)?;
    let variables = [
        ("WGPU_BACKEND", "vulkan"),
        ("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation"),
        ("VK_LAYER_SETTINGS_PATH", "/opt/wgloss/vk_layer_settings.txt"),
    ];
    let mut verify = sid.command(&variables, &[&program, "verify", "--device", "gpu"]);
    let cases = verdict(&place.watch(&mut verify, "verify", 60)?, String::new())?;
    // without the file, the layer was not there
    let said = fs::read_to_string(&log).map_err(|error| unwritten(&log, &error))?;
    let messages = messages(&said);
    for (name, count) in &messages {
        println!("{count} × {name}");
    }
    let unknown: usize = messages.iter().filter(|(name, _)| **name != KNOWN).map(|(_, count)| count).sum();
    let known = messages.get(KNOWN).map_or(String::new(), |count| format!(" but {count} of naga's 10684"));
    let with = format!(
        "Khronos validation {} on Mesa {}",
        sid.version("vulkan-validationlayers"),
        sid.version("mesa-vulkan-drivers")
    );
    let result = format!("{}; {unknown} messages{known}", cases.result);
    Ok(Outcome { passed: cases.passed && unknown == 0, result, with })
}

/// How many times each message was written, by its name.
fn messages(said: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in said.lines() {
        let Some((_, rest)) = line.split_once("[ ").filter(|(before, _)| is_heading(before)) else { continue };
        let name = rest.split([' ', ']']).next().unwrap_or(rest);
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

/// Whether a line that begins so begins a message.
fn is_heading(before: &str) -> bool {
    ["Validation Error:", "Validation Warning:", "Validation Performance Warning:"].contains(&before.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_by_name() {
        let said = "Validation Error: [ VUID-StandaloneSpirv-None-10684 ] Object 0: handle = 0x1 | MessageID = 0x2\n\
                    the SPIR-V [ is ] not so\n\
                    Validation Error: [ SYNC-HAZARD-READ-AFTER-WRITE ] | MessageID = 0x3\n\
                    Validation Error: [ VUID-StandaloneSpirv-None-10684 ] Object 0\n";
        assert_eq!(messages(said), BTreeMap::from([(KNOWN, 2), ("SYNC-HAZARD-READ-AFTER-WRITE", 1)]));
        assert!(messages("").is_empty());
    }
}
