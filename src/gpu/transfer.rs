//! Reads results back to the host. Only this file maps memory and waits for the GPU.

use crate::array::{Array, Data};
use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::memory::Memory;
use crate::gpu::tensor::Tensor;
use crate::gpu::verdict::Verdict;
#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::wait::block_on;
use crate::shape::DType;
use crate::term::Operand;
use futures_intrusive::channel::shared::oneshot_channel;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

#[cfg(not(target_arch = "wasm32"))]
type Pending<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;
#[cfg(target_arch = "wasm32")]
type Pending<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// A result that is being read from the GPU. Use `.wait()` natively, or `.await` anywhere, under any executor.
#[must_use = "nothing is known of the result before it is waited for"]
pub struct Read<T> {
    pending: Pending<T>,
    #[cfg(not(target_arch = "wasm32"))]
    driven: Driven,
}

/// What drives the device until the result arrives. A browser does this itself.
#[cfg(not(target_arch = "wasm32"))]
struct Driven {
    gpu: Gpu,
    submission: Option<wgpu::SubmissionIndex>,
    /// The error of the thread that drives the device while an executor awaits the result.
    driver: Option<Pending<()>>,
}

impl<T> std::fmt::Debug for Read<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").finish_non_exhaustive()
    }
}

/// The runs that a read asks about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scope {
    LastRun,
    /// All runs since the last such read.
    AllRuns,
}

impl Read<()> {
    /// Asks for the first bad label of all runs since the last such read.
    pub(super) fn of_all_runs(gpu: &Gpu, verdict: &Arc<Verdict>) -> Read<()> {
        Read::begun(gpu, &verdict.memory, 0, Some((verdict, Scope::AllRuns)), |_| Ok(()))
    }
}

fn lost(why: &str) -> Error {
    Error::DeviceLost(why.into())
}

impl<T: Send + 'static> Read<T> {
    /// A read that has failed already.
    pub(super) fn failed(gpu: &Gpu, error: Error) -> Read<T> {
        Read::new(Box::pin(std::future::ready(Err(error))), gpu, None)
    }

    fn new(pending: Pending<T>, gpu: &Gpu, submission: Option<wgpu::SubmissionIndex>) -> Read<T> {
        #[cfg(target_arch = "wasm32")]
        let _ = (gpu, submission);
        Read {
            pending,
            #[cfg(not(target_arch = "wasm32"))]
            driven: Driven { gpu: gpu.clone(), submission, driver: None },
        }
    }

    /// Reads the first `bytes` bytes of a memory, and the head of the verdict's outcome, in one submission.
    pub(super) fn of_memory(
        gpu: &Gpu,
        memory: &Memory,
        bytes: u64,
        verdict: Option<&Arc<Verdict>>,
        finish: impl FnOnce(&[u8]) -> Result<T> + wgpu::WasmNotSend + 'static,
    ) -> Read<T> {
        Read::begun(gpu, memory, bytes, verdict.map(|verdict| (verdict, Scope::LastRun)), finish)
    }

    fn begun(
        gpu: &Gpu,
        memory: &Memory,
        bytes: u64,
        verdict: Option<(&Arc<Verdict>, Scope)>,
        finish: impl FnOnce(&[u8]) -> Result<T> + wgpu::WasmNotSend + 'static,
    ) -> Read<T> {
        if !memory.buffer.usage().contains(wgpu::BufferUsages::COPY_SRC) {
            let reason = "is in a buffer without the usage COPY_SRC".into();
            let error = Error::InvalidOperand { loss: "read", operand: "tensor".into(), reason };
            return Read::failed(gpu, error);
        }
        match Read::start(gpu, memory, bytes, verdict, finish) {
            Ok(read) => read,
            Err(error) => Read::failed(gpu, gpu.blame(error, [("read", "tensor".into(), &memory.buffer)])),
        }
    }

    fn start(
        gpu: &Gpu,
        memory: &Memory,
        bytes: u64,
        verdict: Option<(&Arc<Verdict>, Scope)>,
        finish: impl FnOnce(&[u8]) -> Result<T> + wgpu::WasmNotSend + 'static,
    ) -> Result<Read<T>> {
        // copies move whole words, but a tensor may begin and end inside a word
        let (begin, end) =
            (memory.offset / 4 * 4, (memory.offset + bytes).next_multiple_of(4).min(memory.buffer.size()));
        let lead = (memory.offset - begin) as usize;
        let Ok(length) = usize::try_from(bytes) else {
            return Err(Error::TooLarge { what: "bytes of a read".into(), needed: bytes, limit: usize::MAX as u64 });
        };
        let verdict_bytes = verdict.map_or(0, |_| Verdict::BYTES);
        let verdict = verdict.map(|(verdict, scope)| (verdict.clone(), scope, verdict.runs.begin()));
        let size = (verdict_bytes + (end - begin)).max(4);
        let (staging, submission) = gpu.scoped(|| {
            let staging = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("wgloss read"),
                size: size.next_multiple_of(4),
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            if let Some((verdict, scope, _)) = &verdict {
                encoder.copy_buffer_to_buffer(verdict.buffer(), 0, &staging, 0, Verdict::BYTES);
                if *scope == Scope::AllRuns {
                    let kept = Verdict::KEPT;
                    encoder.clear_buffer(verdict.buffer(), kept.start, Some(kept.end - kept.start));
                }
            }
            if end > begin {
                encoder.copy_buffer_to_buffer(&memory.buffer, begin, &staging, verdict_bytes, end - begin);
            }
            let submission = gpu.queue().submit([encoder.finish()]);
            (staging, submission)
        })?;
        let (sender, receiver) = oneshot_channel();
        let keeps = verdict.as_ref().filter(|(_, scope, _)| *scope == Scope::AllRuns);
        let keeps = keeps.map(|(verdict, ..)| (verdict.clone(), staging.clone()));
        let map = || {
            staging.map_async(wgpu::MapMode::Read, .., move |mapped| {
                // the kept label is cleared on the GPU, so keep it on the host, even if the caller has dropped the read
                if let (Some((verdict, staging)), Ok(())) = (keeps, &mapped)
                    && let Ok(head) = staging.get_mapped_range(..Verdict::BYTES)
                {
                    verdict.hear(&head);
                }
                let _ = sender.send(mapped);
            });
        };
        gpu.scoped(map)?;
        let context = gpu.clone();
        // gives the first error that the device reports of any call so far, this read's calls included
        #[cfg(target_arch = "wasm32")]
        let accepted = gpu.late().so_far();
        let pending = async move {
            #[cfg(target_arch = "wasm32")]
            accepted.await?;
            match receiver.receive().await {
                Some(Ok(())) => {}
                _ => {
                    context.alive()?;
                    return Err(lost("a result could not be read back"));
                }
            }
            // nothing else can unmap the buffer
            let view = staging.get_mapped_range(..).map_err(|_| lost("a result could not be read back"))?;
            let head = &view[..verdict_bytes as usize];
            match verdict {
                None => {}
                Some((verdict, Scope::LastRun, begun)) => verdict.judge(head, begun)?,
                Some((verdict, Scope::AllRuns, begun)) => verdict.answer(head, begun)?,
            }
            let start = verdict_bytes as usize + lead;
            finish(&view[start..start + length])
        };
        Ok(Read::new(Box::pin(pending), gpu, Some(submission)))
    }

    /// Waits for the result, at most for the context's timeout.
    ///
    /// # Errors
    /// Errors of the GPU; [`Error::Timeout`]; [`Error::NotRun`] if a recorded run has not finished. [`Error::LabelOutOfRange`] for a
    /// bad label, length or segment, and [`Error::ShapeMismatch`] for lengths that do not add up to the number of labels;
    /// [`Error::InvalidOption`] for an option or coefficient in a tensor that is out of range; [`Error::NotFinite`] and
    /// [`Error::TargetOutOfRange`] for a number of a [checked](crate::Term::checked) term.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(mut self) -> Result<T> {
        poll(&self.driven.gpu, self.driven.submission.take())?;
        block_on(self.pending)
    }
}

impl<T> Future for Read<T> {
    type Output = Result<T>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Result<T>> {
        let done = self.pending.as_mut().poll(cx);
        #[cfg(not(target_arch = "wasm32"))]
        if done.is_pending() {
            let driven = &mut self.driven;
            if let Some(submission) = driven.submission.take() {
                driven.driver = Some(drive(driven.gpu.clone(), submission));
            }
            let driver = driven.driver.as_mut().map(|driver| driver.as_mut().poll(cx));
            if let Some(Poll::Ready(Err(error))) = driver {
                return Poll::Ready(Err(error));
            }
        }
        done
    }
}

/// Drives a native device on a separate thread, because nothing else does. The mapping's callback wakes the executor,
/// or the future returned here does if waiting fails.
#[cfg(not(target_arch = "wasm32"))]
fn drive(gpu: Gpu, submission: wgpu::SubmissionIndex) -> Pending<()> {
    let (sender, receiver) = oneshot_channel();
    std::thread::spawn(move || {
        if let Err(error) = poll(&gpu, Some(submission)) {
            let _ = sender.send(error);
        }
    });
    Box::pin(async move {
        match receiver.receive().await {
            Some(error) => Err(error),
            None => std::future::pending().await,
        }
    })
}

/// Waits until a submission is done.
#[cfg(not(target_arch = "wasm32"))]
fn poll(gpu: &Gpu, submission: Option<wgpu::SubmissionIndex>) -> Result<()> {
    let timeout = gpu.timeout();
    let wait = wgpu::PollType::Wait { submission_index: submission, timeout: Some(timeout) };
    // wgpu can panic in `poll` if the device is lost while it waits (gfx-rs/wgpu#9128)
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gpu.device().poll(wait)));
    match polled {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(wgpu::PollError::Timeout)) => Err(Error::Timeout { seconds: timeout.as_secs_f32() }),
        Ok(Err(_)) => {
            gpu.alive()?;
            Err(lost("waiting for a submission was refused"))
        }
        Err(_) => {
            gpu.alive()?;
            Err(lost("the driver failed during a wait"))
        }
    }
}

impl Tensor {
    /// Reads the tensor back. If it was computed from a bad label, the read gives that error.
    pub fn read(&self) -> Read<Array> {
        let (shape, dtype, axis) = (self.shape().to_vec(), self.dtype(), self.class_axis());
        let finish = move |bytes: &[u8]| {
            let data = match dtype {
                DType::F32 => Data::F32(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::F16 => Data::F16(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::BF16 => Data::BF16(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::I32 => Data::I32(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::U32 => Data::U32(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::I64 => Data::I64(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::U8 | DType::F64 => Data::U8(bytes.into()),
            };
            Ok(Array::from_data(data, shape)?.with_class_axis(axis))
        };
        Read::of_memory(self.gpu(), self.memory(), self.bytes(), self.verdict(), finish)
    }
}
