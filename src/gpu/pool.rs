//! The memory of a job, shared with the jobs that replace it after [`Job::rebind`](crate::Job::rebind).

use crate::error::Result;
use crate::gpu::context::Gpu;
use crate::gpu::lock::lock;
use crate::gpu::memory::Memory;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The memory that a job's kernels write and the caller does not see, and the constants that they read. Several jobs can share
/// it, because a queue runs their passes one after another.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Pooled>);

#[derive(Debug, Default)]
struct Pooled {
    made_of: HashMap<(&'static str, Vec<u8>), Arc<Memory>>,
    scratch: HashMap<Use, Arc<Memory>>,
}

/// How many constants are kept for later jobs. Beyond that, constants that no job uses are dropped.
const MOST: usize = 64;

/// The use of a scratch memory. Jobs share the memories that have the same use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Use {
    pub label: &'static str,
    /// The index of the plan among those of the job.
    pub plan: usize,
    /// The shader's name for it.
    pub name: &'static str,
    /// A bit for each loss of the walk whose scale kernels write. The scales of other losses have to keep the first contents of
    /// the memory, so jobs with other bits need other memory.
    pub scaled: u32,
}

impl Pool {
    /// Memory that was made with these contents. If the contents are parameters, kernels may write the numbers that
    /// change. This disturbs no other job, because every job that shares the parameters writes all these numbers in each
    /// run.
    pub fn constant(
        &self,
        gpu: &Gpu,
        label: &'static str,
        contents: &[u8],
        usage: wgpu::BufferUsages,
    ) -> Result<Arc<Memory>> {
        let mut pooled = lock(&self.0);
        if let Some(known) = pooled.made_of.get(&(label, contents.to_vec())) {
            return Ok(known.clone());
        }
        let made = Arc::new(Memory::new(gpu, label, contents.len() as u64, Some(contents), usage)?);
        if pooled.made_of.len() >= MOST {
            pooled.made_of.retain(|_, memory| Arc::strong_count(memory) > 1);
        }
        pooled.made_of.insert((label, contents.to_vec()), made.clone());
        Ok(made)
    }

    /// Memory for this use, of at least this many bytes. New memory holds `contents`, or zeros.
    pub fn scratch(
        &self,
        gpu: &Gpu,
        of: Use,
        bytes: u64,
        contents: Option<&[u8]>,
        usage: wgpu::BufferUsages,
    ) -> Result<Arc<Memory>> {
        let mut pooled = lock(&self.0);
        if let Some(known) = pooled.scratch.get(&of).filter(|known| known.bytes >= bytes) {
            return Ok(known.clone());
        }
        let made = Arc::new(Memory::new(gpu, of.label, bytes, contents, usage)?);
        pooled.scratch.insert(of, made.clone());
        Ok(made)
    }
}
