//! Prepared jobs, kept by term and addresses: from step to step, Burn's tensors lie at the same addresses, or at a few
//! others.

use crate::call::IndexedOperand;
use crate::lend::Address;
use crate::lock::lock;
use std::sync::{Arc, Mutex};
use wgloss::{Error, Job, Result, Term};

/// The greatest number of jobs that are kept. A training step has two for each loss.
const MOST: usize = 64;

/// The greatest number of jobs that are kept for one call, each for other addresses. Jobs that a report holds don't count.
/// When there are this many, the one used longest ago is bound to the new addresses. This happens where a program holds on
/// to tensors of earlier steps, as the metrics of a dashboard do, so that Burn's tensors lie elsewhere in each step.
const MOST_OF_A_CALL: usize = 8;

/// A job that was not used in this many requests is dropped. As long as it is kept, it keeps its buffers alive.
const UNUSED: u64 = 256;

/// The call that a job is prepared for.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub term: Arc<Term<IndexedOperand>>,
    /// The indices of the operands whose gradients are computed; empty for the value.
    pub wanted: Vec<usize>,
    /// For each of the term's tensors, whether it lies in memory with its class axis last.
    pub turned: Vec<bool>,
    /// The addresses of the tensors: those of the term, the upstream gradient, the outputs.
    pub at: Vec<Address>,
}

impl Key {
    /// Whether both keys are the same call, on tensors that may lie elsewhere.
    fn same_call(&self, other: &Key) -> bool {
        let same = self.wanted == other.wanted && self.turned == other.turned && self.at.len() == other.at.len();
        same && (Arc::ptr_eq(&self.term, &other.term) || self.term == other.term)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.at == other.at && self.same_call(other)
    }
}

/// The jobs of a device.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Entry>,
    requests: u64,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    /// The job; `None` if its outputs overlap its operands.
    job: Option<Arc<Job>>,
    used: u64,
}

impl Entry {
    /// Whether nobody but this list holds the job.
    fn is_free(&self) -> bool {
        self.job.as_ref().is_none_or(|job| Arc::strong_count(job) == 1)
    }
}

impl Jobs {
    /// Returns the job for a key: a kept one that nobody else holds, or one that `prepare` makes. `prepare` gets a job to
    /// bind anew, if there is one to spare.
    ///
    /// A job that a report still holds is not returned again, since its next run would overwrite what the report reads.
    pub fn get(&self, key: Key, prepare: impl Fn(Option<&Job>) -> Result<Job>) -> Result<Arc<Job>> {
        if let Some(kept) = self.kept(&key) {
            return kept.ok_or_else(overlapping);
        }
        let spare = self.spare(&key);
        let bound = spare.and_then(|spare| prepare(Some(&spare)).ok());
        let job = match bound.map_or_else(|| prepare(None), Ok) {
            Err(Error::OverlappingBuffers { .. }) => None,
            job => Some(Arc::new(job?)),
        };
        let mut kept = lock(&self.0);
        let used = kept.requests;
        if kept.entries.len() >= MOST {
            let oldest = (0..kept.entries.len()).min_by_key(|&place| kept.entries[place].used);
            oldest.map(|place| kept.entries.swap_remove(place));
        }
        kept.entries.push(Entry { key, job: job.clone(), used });
        job.ok_or_else(overlapping)
    }

    fn kept(&self, key: &Key) -> Option<Option<Arc<Job>>> {
        let mut kept = lock(&self.0);
        kept.requests += 1;
        let now = kept.requests;
        kept.entries.retain(|entry| now - entry.used <= UNUSED);
        let entry = kept.entries.iter_mut().find(|entry| entry.key == *key && entry.is_free())?;
        entry.used = now;
        Some(entry.job.clone())
    }

    /// Takes out the call's job that was used longest ago, if the call has as many jobs as are kept for one call.
    fn spare(&self, key: &Key) -> Option<Arc<Job>> {
        let mut kept = lock(&self.0);
        let of_call = |entry: &Entry| entry.job.is_some() && entry.is_free() && entry.key.same_call(key);
        let places = (0..kept.entries.len()).filter(|&place| of_call(&kept.entries[place])).collect::<Vec<_>>();
        let oldest = places.iter().copied().min_by_key(|&place| kept.entries[place].used);
        oldest.filter(|_| places.len() >= MOST_OF_A_CALL).and_then(|place| kept.entries.swap_remove(place).job)
    }

    /// Drops all jobs, and returns their number.
    pub fn forget(&self) -> usize {
        std::mem::take(&mut lock(&self.0).entries).len()
    }
}

/// The error for outputs that overlap operands. The caller then uses other outputs.
fn overlapping() -> Error {
    Error::OverlappingBuffers { output: "gradient".into(), other: "its operand".into(), rule: None }
}
