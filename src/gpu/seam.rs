//! The one seam for faults that no device can be made to have: a test lets one of the calls that a device may refuse be
//! refused. Compiled only for unit tests.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A device's answer.
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
    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Lets the device refuse a call, by its number among all.
    pub fn refuse(&self, call: usize, refusal: Refusal) {
        self.refused[refusal as usize].store(call, Ordering::SeqCst);
    }

    /// The answer to give about this call, beside the device's own.
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
