//! Ranges of buffers. The context counts the bytes of the buffers that it made as used memory.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A range of a buffer. If the context made the buffer, it counts as used memory while this lives.
#[derive(Debug)]
pub(super) struct Memory {
    pub buffer: wgpu::Buffer,
    pub offset: u64,
    pub bytes: u64,
    /// The size of the buffer in bytes. For unbacked memory, the size that the buffer would have.
    pub end: u64,
    counted: Option<(Arc<AtomicU64>, u64)>,
    /// Whether a caller has seen the buffer, and so may have kept it.
    shown: AtomicBool,
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some((counter, bytes)) = &self.counted {
            counter.fetch_sub(*bytes, Ordering::Relaxed);
        }
    }
}

impl Memory {
    /// A range of the caller's buffer.
    pub fn of_caller(buffer: wgpu::Buffer, offset: u64, bytes: u64) -> Memory {
        let end = buffer.size();
        Memory { buffer, offset, bytes, end, counted: None, shown: true.into() }
    }

    /// Memory to plan with: it states a size, but its buffer has only 16 bytes. Refuses a size that no buffer may have.
    pub fn unbacked(gpu: &Gpu, label: &str, bytes: u64) -> Result<Memory> {
        let size = Memory::allowed(gpu, label, bytes)?;
        let mut memory = Memory::new(gpu, "wgloss plan", 16, None, wgpu::BufferUsages::STORAGE)?;
        (memory.bytes, memory.end) = (size, size);
        Ok(memory)
    }

    /// The buffer. Its bytes count as used memory from here on, even after it is dropped.
    pub fn for_good(mut self) -> wgpu::Buffer {
        self.counted = None;
        self.buffer.clone()
    }

    /// The buffer, for a caller.
    pub fn show(&self) -> &wgpu::Buffer {
        self.shown.store(true, Ordering::Relaxed);
        &self.buffer
    }

    /// Whether a caller has seen the buffer, and so may have kept it.
    pub fn is_shown(&self) -> bool {
        self.shown.load(Ordering::Relaxed)
    }

    /// Whether the context made the buffer for this memory alone.
    pub fn is_own(&self) -> bool {
        self.counted.is_some()
    }

    /// The size of the buffer that is made for this many bytes.
    pub fn size(bytes: u64) -> u64 {
        bytes.max(16).next_multiple_of(16)
    }

    /// As [`size`](Self::size). Refuses a size that no buffer of the device may have.
    fn allowed(gpu: &Gpu, label: &str, bytes: u64) -> Result<u64> {
        let (size, limit) = (Memory::size(bytes), gpu.limits().max_buffer_size);
        match size > limit {
            true => {
                let what = format!("bytes of a buffer on the GPU ({label})");
                Err(Error::TooLarge { what, needed: size, limit })
            }
            false => Ok(size),
        }
    }

    /// Makes a buffer that holds `contents`, or zeros.
    pub fn new(
        gpu: &Gpu,
        label: &str,
        bytes: u64,
        contents: Option<&[u8]>,
        usage: wgpu::BufferUsages,
    ) -> Result<Memory> {
        let size = Memory::allowed(gpu, label, bytes)?;
        // a browser without room to map a new buffer throws, and wgpu then panics, so on the web contents are written
        // through the queue
        let written = contents.filter(|_| cfg!(target_arch = "wasm32"));
        let mapped = contents.filter(|_| written.is_none());
        let usage = if written.is_some() { usage | wgpu::BufferUsages::COPY_DST } else { usage };
        let make = || {
            let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: mapped.is_some(),
            });
            // mapping fails if the buffer could not be made
            let fill = |contents: &[u8]| {
                buffer.get_mapped_range_mut(..)?.slice(..contents.len()).copy_from_slice(contents);
                buffer.unmap();
                Ok::<(), wgpu::MapRangeError>(())
            };
            let filled = mapped.map_or(Ok(()), fill);
            if let Some(contents) = written {
                // writes move whole words
                let mut words = contents.to_vec();
                words.resize(contents.len().next_multiple_of(4), 0);
                gpu.queue().write_buffer(&buffer, 0, &words);
            }
            (buffer, filled)
        };
        let of = label.to_string();
        let (buffer, filled) = gpu.scoped_as(make, move |error| match error {
            Error::OutOfMemory(_) => Error::OutOfMemory(format!("there is no room for {size} bytes ({of})")),
            other => other,
        })?;
        // the scope reported no error, so the device is lost
        filled.map_err(|_| Error::DeviceLost("a buffer could not be filled".into()))?;
        gpu.used_memory().fetch_add(size, Ordering::Relaxed);
        let counted = Some((gpu.used_memory().clone(), size));
        Ok(Memory { buffer, offset: 0, bytes: size, end: size, counted, shown: false.into() })
    }
}
