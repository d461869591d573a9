//! Removes temporary files when a signal ends the program.

use super::output;
use std::sync::Once;

/// Installs handlers for the signals that end the program, when the first file is written. Before that, the signals end it
/// as usual.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(begin);
}

#[cfg(unix)]
fn begin() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // Only Linux tells which signals are ignored. Elsewhere SIGHUP is not handled, so that `nohup` keeps working.
    let ignored = ignored();
    let hangup = ignored.map(|_| SIGHUP);
    let is_handled = |signal: &i32| ignored.is_none_or(|ignored| ignored & (1 << (signal - 1)) == 0);
    let handled = [SIGINT, SIGTERM].into_iter().chain(hangup).filter(is_handled);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(handled) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _held = output::abandon();
            // the parent process sees which signal ended the program
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// A bit for each signal that the program was started to ignore, as under `nohup` or in a shell's background job.
#[cfg(unix)]
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(bits.trim(), 16).ok()
}

#[cfg(windows)]
fn begin() {
    let _ = ctrlc::set_handler(|| {
        let _held = output::abandon();
        // STATUS_CONTROL_C_EXIT, the exit code that Windows itself would use
        std::process::exit(0xC000_013A_u32.cast_signed());
    });
}

#[cfg(not(any(unix, windows)))]
fn begin() {}
