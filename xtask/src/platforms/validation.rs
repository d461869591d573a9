//! The row of Khronos' validation layer: it checks every call to Vulkan of the conformance cases, and the
//! synchronisation of their dispatches.

use std::collections::BTreeMap;
use std::fs;

use super::drivers::{path_inside, verdict};
use super::machine::Halt;
use super::place::{Outcome, Place, file_error};
use super::texts::counted;

/// The one known message: naga decorates a parameter block in a way that Vulkan does not allow (gfx-rs/wgpu#7696).
const KNOWN: &str = "VUID-StandaloneSpirv-None-10684";

/// The library's private copy of the parameters. It is not a struct, so that the known message is never about it. A
/// message that names it counts as unknown.
const OWN: &str = "own_params";

/// The message that shows that the layer is active.
const ACTIVE: &str = "CURRENT-VALIDATION-ENABLED";

/// The layer's settings. It writes to the program's output, where messages of several threads do not mix.
const SETTINGS: &str = "\
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.report_flags = error,warn,info
khronos_validation.enable_message_limit = false
khronos_validation.validate_core = true
khronos_validation.validate_sync = true
khronos_validation.syncval_shader_accesses_heuristic = true
";

/// `validation`: runs the conformance cases under the validation layer.
pub fn validation(place: &Place) -> Result<Outcome, Halt> {
    let sid = place.sid()?;
    sid.install(&["vulkan-validationlayers"])?;
    let settings = sid.path_in_opt("vk_layer_settings.txt");
    fs::write(&settings, SETTINGS).map_err(|error| file_error(&settings, &error))?;
    let program = path_inside(place.program()?)?;
    let variables = [
        ("WGPU_BACKEND", "vulkan"),
        ("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation"),
        ("VK_LAYER_SETTINGS_PATH", "/opt/wgloss/vk_layer_settings.txt"),
    ];
    let mut verify = sid.command(&variables, &[&program, "verify", "--device", "gpu"]);
    let ended = place.watch(&mut verify, "verify", 60)?;
    let (validation, mesa) = (sid.version("vulkan-validationlayers"), sid.version("mesa-vulkan-drivers"));
    let cases = verdict(&ended, format!("Khronos validation {validation} on Mesa {mesa}"))?;
    judged(cases, &messages(&ended.printed))
}

/// Adds the messages to the outcome of the cases.
fn judged(cases: Outcome, messages: &BTreeMap<&str, usize>) -> Result<Outcome, Halt> {
    if !messages.contains_key(ACTIVE) {
        return Err(Halt::Failed("the validation layer did not say that it is active".into()));
    }
    let found: Vec<_> = messages.iter().filter(|(name, _)| **name != ACTIVE).collect();
    for (name, count) in &found {
        println!("{count} × {name}");
    }
    let unknown: usize = found.iter().filter(|(name, _)| **name != KNOWN).map(|(_, count)| **count).sum();
    let known = messages.get(KNOWN).map_or(String::new(), |count| format!(", {count} of the known VUID 10684 (naga)"));
    let result = format!("{}; {}{known}", cases.result, counted(unknown, "unknown message"));
    Ok(Outcome { passed: cases.passed && unknown == 0, result, ..cases })
}

/// Counts the messages by name.
fn messages(said: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in said.lines() {
        if line.contains(OWN) {
            *counts.entry(OWN).or_insert(0) += 1;
        }
        let Some((_, rest)) = line.split_once("[ ").filter(|(before, _)| is_heading(before)) else { continue };
        let name = rest.split([' ', ']']).next().unwrap_or(rest);
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

/// Whether `before` is the start of a message.
fn is_heading(before: &str) -> bool {
    let kinds =
        ["Validation Error:", "Validation Warning:", "Validation Performance Warning:", "Validation Information:"];
    kinds.contains(&before.trim())
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
        let of_own = "Validation Error: [ VUID-StandaloneSpirv-None-10684 ]\n  %own_params = OpVariable %a Private\n";
        assert_eq!(messages(of_own), BTreeMap::from([(KNOWN, 1), (OWN, 1)]));
        assert!(messages("").is_empty());
    }

    #[test]
    fn an_unknown_message_or_a_missing_layer_fails_the_row() {
        let cases = Outcome { passed: true, result: "3 passed, 0 failed".into(), with: String::new() };
        let judged = |messages: &[(&'static str, usize)]| judged(cases.clone(), &messages.iter().copied().collect());
        let known = judged(&[(ACTIVE, 2), (KNOWN, 2)]).expect("the layer is there");
        assert_eq!(
            (known.passed, &*known.result),
            (true, "3 passed, 0 failed; 0 unknown messages, 2 of the known VUID 10684 (naga)")
        );
        let hazard = judged(&[(ACTIVE, 2), ("SYNC-HAZARD-WRITE-AFTER-WRITE", 1)]).expect("the layer is there");
        assert_eq!((hazard.passed, &*hazard.result), (false, "3 passed, 0 failed; 1 unknown message"));
        assert!(judged(&[]).is_err());
    }
}
