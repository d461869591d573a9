//! Injects the faults that no device can be made to have: a test chooses one of the calls that a device may refuse, and
//! this call is refused. Compiled only for unit tests.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The reason for which a device refuses a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    OutOfMemory,
    /// The driver's own failure, such as that of its compiler.
    Internal,
}

/// Counts a context's calls that its device may refuse, and refuses one of them.
#[derive(Debug)]
pub(crate) struct Seam {
    calls: AtomicUsize,
    refused: [AtomicUsize; 2],
}

impl Default for Seam {
    fn default() -> Seam {
        Seam { calls: AtomicUsize::new(0), refused: [usize::MAX; 2].map(AtomicUsize::new) }
    }
}

impl Seam {
    /// The number of calls so far.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Makes the device refuse the call with this number, counted from 0.
    pub fn refuse(&self, call: usize, refusal: Refusal) {
        self.refused[refusal as usize].store(call, Ordering::SeqCst);
    }

    /// Counts a call, and returns the error that it is to fail with, if any.
    pub fn answer(&self) -> Option<wgpu::Error> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let refused = |refusal: Refusal| self.refused[refusal as usize].load(Ordering::SeqCst) == call;
        if refused(Refusal::OutOfMemory) {
            return Some(wgpu::Error::OutOfMemory { source: "no memory is left".into() });
        }
        let description = "Internal error: the compiler gave up".to_string();
        refused(Refusal::Internal).then(|| wgpu::Error::Internal { source: description.clone().into(), description })
    }
}
