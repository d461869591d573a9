//! A progress bar for evaluations that take long. It is drawn on the standard error, and only if that is a terminal.

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long an evaluation takes before it gets a bar. The number of bytes would tell too little: a loss of all pairs takes
/// long for few, and copying many is quick.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the bar is drawn while nothing is read.
const TICK: Duration = Duration::from_millis(250);

/// The progress of reading and computing.
pub struct Bar {
    bar: ProgressBar,
    /// The thread that draws the bar when the evaluation takes long, and what tells it that the evaluation is done.
    late: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// A bar for this many bytes.
    pub fn new(bytes: u64) -> Bar {
        let style = ProgressStyle::with_template("{bar:40} {binary_bytes} of {binary_total_bytes}, {eta} left {msg}");
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
        let bar = bar.with_style(style.expect("the template is well-formed"));
        let late = Term::stderr().is_term().then(|| {
            let (done, is_done) = mpsc::channel();
            let shown = bar.clone();
            let draw = move || {
                if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    shown.set_draw_target(ProgressDrawTarget::stderr());
                    shown.enable_steady_tick(TICK);
                }
            };
            (done, thread::spawn(draw))
        });
        Bar { bar, late }
    }

    /// Advances the bar by bytes that were read.
    pub fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Shows that everything is read and the computation has begun.
    pub fn computes(&self) {
        self.bar.set_message("computing");
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.late.take() {
            drop(done);
            // the thread has to end first, or it could show the bar again after it was cleared
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
