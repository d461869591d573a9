//! The memory of a job, which the jobs that are rebound from it share.

use crate::error::Result;
use crate::gpu::context::Gpu;
use crate::gpu::lock::lock;
use crate::gpu::memory::Memory;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The memory that a job's kernels write and no caller sees, and the constants that they read. Jobs that share it run one after
/// another, because a queue orders its passes.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Pooled>);

#[derive(Debug, Default)]
struct Pooled {
    made_of: HashMap<(&'static str, Vec<u8>), Arc<Memory>>,
    scratch: HashMap<Use, Arc<Memory>>,
}

/// How many constants are kept for jobs to come. Beyond that, those that no job has are dropped.
const MOST: usize = 64;

/// The use of a scratch memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Use {
    pub label: &'static str,
    /// The number of the plan.
    pub plan: usize,
    /// The shader's name for it.
    pub name: &'static str,
    /// The losses of the walk whose scales kernels overwrite, as bits: the others keep what the memory holds at first.
    pub scaled: u32,
}

impl Pool {
    /// The memory that had these contents when it was made. A kernel may write numbers that change into parameters; every job
    /// that shares them writes all of these anew in each run.
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

    /// Memory for this use, of at least so many bytes. New memory has the contents, or zeros.
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
