//! The row of Khronos' validation layer: everything that the program's cases do to Vulkan, and how their dispatches synchronise.

use std::collections::BTreeMap;
use std::fs;

use super::drivers::{inside, verdict};
use super::machine::Halt;
use super::place::{Outcome, Place, unwritten};

/// The one message that is known: naga decorates a parameter block in a way that Vulkan's rules don't have (gfx-rs/wgpu#7696).
const KNOWN: &str = "VUID-StandaloneSpirv-None-10684";

/// The library's own copy of the parameters, which is no struct so that this message is never about it.
const OWN: &str = "own_params";

/// What the layer says once of itself, which shows that it was there.
const ACTIVE: &str = "CURRENT-VALIDATION-ENABLED";

/// The layer's settings: it writes to the program's output, where what several threads say stays whole.
const SETTINGS: &str = "\
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.report_flags = error,warn,info
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
    let program = inside(place.program()?)?;
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

/// The cases' outcome with that of the messages.
fn judged(cases: Outcome, messages: &BTreeMap<&str, usize>) -> Result<Outcome, Halt> {
    if !messages.contains_key(ACTIVE) {
        return Err(Halt::Failed("the validation layer did not say that it is active".into()));
    }
    let told: Vec<_> = messages.iter().filter(|(name, _)| **name != ACTIVE).collect();
    for (name, count) in &told {
        println!("{count} × {name}");
    }
    let unknown: usize = told.iter().filter(|(name, _)| **name != KNOWN).map(|(_, count)| **count).sum();
    let known = messages.get(KNOWN).map_or(String::new(), |count| format!(" but {count} of naga's 10684"));
    let result = format!("{}; {unknown} messages{known}", cases.result);
    Ok(Outcome { passed: cases.passed && unknown == 0, result, ..cases })
}

/// How many times each message was written, by its name.
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

/// Whether a line that begins so begins a message.
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
    fn any_message_but_the_known_one_fails_the_row_and_so_does_a_layer_that_is_not_there() {
        let cases = Outcome { passed: true, result: "3 passed, 0 failed".into(), with: String::new() };
        let judged = |messages: &[(&'static str, usize)]| judged(cases.clone(), &messages.iter().copied().collect());
        let known = judged(&[(ACTIVE, 2), (KNOWN, 2)]).expect("the layer is there");
        assert_eq!((known.passed, &*known.result), (true, "3 passed, 0 failed; 0 messages but 2 of naga's 10684"));
        let hazard = judged(&[(ACTIVE, 2), ("SYNC-HAZARD-WRITE-AFTER-WRITE", 1)]).expect("the layer is there");
        assert_eq!((hazard.passed, &*hazard.result), (false, "3 passed, 0 failed; 1 messages"));
        assert!(judged(&[]).is_err());
    }
}
