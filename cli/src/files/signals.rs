//! An interrupt leaves no file half written.

use super::output;
use std::sync::Once;

/// Watches for the signals that end the program, from the first file on. Where none can be watched, they end it as ever.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(begin);
}

#[cfg(unix)]
fn begin() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // where that cannot be asked, as elsewhere than on Linux, a hangup is left to what started the program
    let ignored = ignored();
    let hangup = ignored.map(|_| SIGHUP);
    let is_heard = |signal: &i32| ignored.is_none_or(|ignored| ignored & (1 << (signal - 1)) == 0);
    let heard = [SIGINT, SIGTERM].into_iter().chain(hangup).filter(is_heard);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(heard) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _held = output::abandon();
            // whoever waits for the program sees what ended it
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// The signals that the program was started to ignore, as `nohup` and a shell's background jobs are; a bit each.
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
        // what Windows itself ends a program with
        std::process::exit(0xC000_013A_u32.cast_signed());
    });
}

#[cfg(not(any(unix, windows)))]
fn begin() {}
