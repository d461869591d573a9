//! What an interrupt leaves behind: nothing that is half written.

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
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _held = output::abandon();
            // whoever waits for the program sees what ended it
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
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
