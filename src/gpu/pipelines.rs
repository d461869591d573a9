//! Keeps the pipelines made so far, and makes those that are missing, several at a time where the host can.

use crate::error::Result;
use crate::gpu::compile::{Pipeline, create};
use crate::gpu::context::Gpu;
use crate::gpu::kernel::Kernel;
use crate::gpu::lock::lock;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

/// The pipelines made so far, by the keys of their kernels.
#[derive(Debug, Default)]
pub(super) struct Pipelines(Kept<Pipeline>);

/// How many pipelines are kept: beyond, all are dropped and made anew as they are needed.
const KEPT: usize = 512;

impl Pipelines {
    /// The pipelines of kernels, in their order. Those that are missing are made, each once, whichever thread asks for it first.
    pub fn get(&self, gpu: &Gpu, kernels: &[Kernel]) -> Result<Vec<Arc<Pipeline>>> {
        let places: Vec<_> = kernels.iter().map(|kernel| self.0.place(kernel.key())).collect();
        let mut known = HashSet::new();
        let is_missing = |&k: &usize| places[k].made().is_none() && known.insert(Arc::as_ptr(&places[k]));
        let missing: Vec<usize> = (0..kernels.len()).filter(is_missing).collect();
        let make = |&k: &usize| places[k].get(|| create(gpu, &kernels[k])).map(drop);
        in_order(gpu.pipelines_at_once(), &missing, make)?;
        places.iter().zip(kernels).map(|(place, kernel)| place.get(|| create(gpu, kernel))).collect()
    }

    /// How many pipelines are kept.
    pub fn len(&self) -> usize {
        lock(&self.0.0).values().filter(|place| place.made().is_some()).count()
    }

    /// Drops all of them.
    #[cfg(target_arch = "wasm32")]
    pub fn forget(&self) {
        lock(&self.0.0).clear();
    }
}

/// What has been made, by key. The map is locked to find a place in it, never while something is made.
#[derive(Debug)]
struct Kept<T>(Mutex<HashMap<String, Arc<Place<T>>>>);

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn place(&self, key: String) -> Arc<Place<T>> {
        let mut kept = lock(&self.0);
        if kept.len() >= KEPT && !kept.contains_key(&key) {
            kept.clear();
        }
        kept.entry(key).or_default().clone()
    }
}

/// The place of something that is made once.
#[derive(Debug)]
struct Place<T> {
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
    fn made(&self) -> Option<&Arc<T>> {
        self.made.get()
    }

    /// What is there, made where it is missing: a second thread waits for the first, and tries itself where that one failed.
    fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
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

/// Does something with each of these, on so many threads as far as there is enough for them. Where it fails, the rest is left,
/// and the error is the first in their order.
#[cfg(not(target_arch = "wasm32"))]
fn in_order<T: Sync>(threads: usize, of: &[T], each: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
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
        // this thread is one of them
        let others: Vec<_> = (1..threads.min(of.len())).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.chain([own]).flatten().collect::<Vec<_>>()
    });
    errors.into_iter().min_by_key(|(place, _)| *place).map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(target_arch = "wasm32")]
fn in_order<T>(_threads: usize, of: &[T], each: impl Fn(&T) -> Result<()>) -> Result<()> {
    of.iter().try_for_each(each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    #[test]
    fn what_two_threads_ask_for_is_made_once() {
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
            // the other one is not held up meanwhile
            assert_eq!(kept.place("b".into()).get(|| Ok(7)).map(|made| *made), Ok(7));
            let second = scope.spawn(|| kept.place("a".into()).get(|| Ok(count.fetch_add(1, Ordering::Relaxed))));
            go.send(()).unwrap();
            assert_eq!(first.join().unwrap().map(|made| *made), Ok(0));
            assert_eq!(second.join().unwrap().map(|made| *made), Ok(0));
        });
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_failed_or_panicked_can_be_made_later() {
        let kept = Kept::<usize>::default();
        let error = Error::Gpu("no".into());
        assert_eq!(kept.place("a".into()).get(|| Err(error.clone())), Err(error));
        let panics = || kept.place("a".into()).get(|| panic!("a driver's"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(kept.place("a".into()).get(|| Ok(3)).map(|made| *made), Ok(3));
    }

    #[test]
    fn many_are_done_by_several_threads_and_the_first_error_is_given() {
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
    fn no_more_are_kept_than_there_is_room_for() {
        let kept = Kept::<usize>::default();
        for number in 0..=KEPT {
            kept.place(number.to_string()).get(|| Ok(number)).unwrap();
        }
        assert_eq!(lock(&kept.0).len(), 1);
    }
}
