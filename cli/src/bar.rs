//! A bar on the standard error that shows how much of what is large was read. It shows on terminals alone.

use indicatif::{ProgressBar, ProgressStyle};

/// Anything shorter is read before anybody looks.
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

    /// So many bytes more are read.
    pub fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// All is read.
    pub fn computes(&self) {
        self.0.set_message("computing");
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
