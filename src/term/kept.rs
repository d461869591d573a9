//! The jobs that a context keeps with a term for the term's next evaluation.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(not(target_arch = "wasm32"))]
type Anything = Box<dyn Any + Send + Sync>;
/// A browser has one thread, and wgpu's types stay on it.
#[cfg(target_arch = "wasm32")]
type Anything = Box<dyn Any>;

/// The jobs that were kept, most recent last. Clones of a term share them, and so may terms made from it. So a caller
/// that takes a job out has to check that the job fits its term.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<Anything>>>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl Kept {
    /// Takes the most recent job for which `fits` is true. Drops all jobs for which `is_dead` is true.
    pub fn take<K: Any>(&self, fits: impl Fn(&K) -> bool, is_dead: impl Fn(&K) -> bool) -> Option<K> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| !one.downcast_ref::<K>().is_some_and(&is_dead));
        let place = kept.iter().rposition(|one| one.downcast_ref::<K>().is_some_and(&fits))?;
        kept.remove(place).downcast().ok().map(|one| *one)
    }

    /// Keeps a job. Drops the oldest jobs where there are more than `most`.
    pub fn keep(&self, one: Anything, most: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(one);
        let surplus = kept.len().saturating_sub(most);
        let dropped: Vec<_> = kept.drain(..surplus).collect();
        // dropping jobs may take a while, so the lock is released first
        drop(kept);
        drop(dropped);
    }
}
