//! Keeps pipelines, and makes missing ones, several at once if the host can.

use crate::error::Result;
use crate::gpu::declared::Declared;
use crate::gpu::lock::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// A pipeline with the layout of its one bind group.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
    pub bindings: Vec<Declared>,
}

/// The pipelines, by the keys of their kernels.
#[derive(Debug, Default)]
pub(super) struct Pipelines(pub Kept<Pipeline>);

/// How many pipelines to keep. Beyond that, all are dropped and made again when needed.
const KEPT: usize = 512;

impl Pipelines {
    /// How many pipelines are kept.
    pub fn len(&self) -> usize {
        lock(&self.0.0).values().filter(|place| place.made().is_some()).count()
    }

    /// Drops all pipelines.
    #[cfg(target_arch = "wasm32")]
    pub fn forget(&self) {
        lock(&self.0.0).clear();
    }
}

/// The things made so far, by key. The map is locked to find a place, but not while something is made.
#[derive(Debug)]
pub(super) struct Kept<T>(Mutex<HashMap<String, Arc<Place<T>>>>);

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept(Mutex::default())
    }
}

impl<T> Kept<T> {
    pub fn place(&self, key: String) -> Arc<Place<T>> {
        let mut kept = lock(&self.0);
        if kept.len() >= KEPT && !kept.contains_key(&key) {
            kept.clear();
        }
        kept.entry(key).or_default().clone()
    }
}

/// The place of something that is made once.
#[derive(Debug)]
pub(super) struct Place<T> {
    made: OnceLock<Arc<T>>,
    /// Held by the thread that makes it.
    making: Mutex<()>,
}

impl<T> Default for Place<T> {
    fn default() -> Place<T> {
        Place { made: OnceLock::new(), making: Mutex::default() }
    }
}

impl<T> Place<T> {
    pub fn made(&self) -> Option<&Arc<T>> {
        self.made.get()
    }

    /// Returns the thing, and makes it if it is missing. A second thread waits for the first, and tries again if the
    /// first failed.
    pub fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        if let Some(made) = self.made() {
            return Ok(made.clone());
        }
        let _making = lock(&self.making);
        match self.made() {
            Some(made) => Ok(made.clone()),
            None => make().map(|made| self.made.get_or_init(|| Arc::new(made)).clone()),
        }
    }
}

/// Calls `each` on every item, on at most `threads` threads. After a failure no more items are started. Returns the
/// error of the first item that failed, in the order of `of`.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn in_order<T: Sync>(threads: usize, of: &[T], each: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    if threads.min(of.len()) < 2 {
        return of.iter().try_for_each(each);
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = of.get(place) else { break };
            if let Err(error) = each(one) {
                failed.store(true, Ordering::Relaxed);
                return Some((place, error));
            }
        }
        None
    };
    let errors = std::thread::scope(|scope| {
        // the current thread works too
        let others: Vec<_> = (1..threads.min(of.len())).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.chain([own]).flatten().collect::<Vec<_>>()
    });
    errors.into_iter().min_by_key(|(place, _)| *place).map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(target_arch = "wasm32")]
pub(super) fn in_order<T>(_threads: usize, of: &[T], each: impl Fn(&T) -> Result<()>) -> Result<()> {
    of.iter().try_for_each(each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    #[test]
    fn two_threads_make_a_thing_once() {
        let (kept, count) = (&Kept::<usize>::default(), &AtomicUsize::new(0));
        let (begun, has_begun) = channel();
        let (go, may_go) = channel();
        std::thread::scope(|scope| {
            let first = scope.spawn(move || {
                kept.place("a".into()).get(|| {
                    begun.send(()).unwrap();
                    may_go.recv().unwrap();
                    Ok(count.fetch_add(1, Ordering::Relaxed))
                })
            });
            has_begun.recv().unwrap();
            // another key does not have to wait
            assert_eq!(kept.place("b".into()).get(|| Ok(7)).map(|made| *made), Ok(7));
            let second = scope.spawn(|| kept.place("a".into()).get(|| Ok(count.fetch_add(1, Ordering::Relaxed))));
            go.send(()).unwrap();
            assert_eq!(first.join().unwrap().map(|made| *made), Ok(0));
            assert_eq!(second.join().unwrap().map(|made| *made), Ok(0));
        });
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_thing_can_be_made_after_a_failure_or_panic() {
        let kept = Kept::<usize>::default();
        let error = Error::Gpu("no".into());
        assert_eq!(kept.place("a".into()).get(|| Err(error.clone())), Err(error));
        let panics = || kept.place("a".into()).get(|| panic!("a driver's"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(kept.place("a".into()).get(|| Ok(3)).map(|made| *made), Ok(3));
    }

    #[test]
    fn several_threads_do_all_items_and_the_first_error_is_given() {
        let numbers: Vec<usize> = (0..100).collect();
        for threads in [1, 3, 200] {
            let done = Mutex::new(Vec::new());
            let all = in_order(threads, &numbers, |&number| {
                lock(&done).push(number);
                Ok(())
            });
            let mut done = done.into_inner().unwrap();
            done.sort_unstable();
            assert_eq!((all, done), (Ok(()), numbers.clone()), "{threads} threads");
            let fails = |number: usize| Err(Error::Gpu(number.to_string()));
            let failed = in_order(threads, &numbers, |&number| if number < 40 { Ok(()) } else { fails(number) });
            assert_eq!(failed, fails(40), "{threads} threads");
        }
    }

    #[test]
    fn at_most_a_fixed_number_is_kept() {
        let kept = Kept::<usize>::default();
        for number in 0..=KEPT {
            kept.place(number.to_string()).get(|| Ok(number)).unwrap();
        }
        assert_eq!(lock(&kept.0).len(), 1);
    }
}
