//! A progress bar for reading large operands. It is drawn on the standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// The fewest bytes that get a bar. Less is read too quickly for one.
const LEAST: u64 = 128 << 20;

/// The progress of reading and computing.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for this many bytes.
    pub fn new(bytes: u64) -> Bar {
        if bytes < LEAST {
            return Bar(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{bar:40} {binary_bytes} of {binary_total_bytes}, {eta} left {msg}");
        Bar(ProgressBar::new(bytes).with_style(style.expect("the template is well-formed")))
    }

    /// Advances the bar by bytes that were read.
    pub fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Shows that everything is read and the computation has begun.
    pub fn computes(&self) {
        self.0.set_message("computing");
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
