//! The context: a device and its queue, the pipelines and memory made on them, and the calls that evaluate terms.

use crate::check;
use crate::error::{Error, Result};
use crate::gpu::adapter;
use crate::gpu::device::Device;
use crate::gpu::job::Job;
use crate::gpu::lock::lock;
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{self, Gradient, Outputs};
use crate::gpu::pipelines::Pipelines;
#[cfg(target_arch = "wasm32")]
use crate::gpu::scopes::Late;
use crate::gpu::target::Target;
use crate::gpu::tensor::{Tensor, ToGpu};
#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::transfer;
use crate::term::{Operand, Term};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A GPU that evaluates terms. Clones share the device, its pipelines and its memory.
///
/// ```no_run
/// use wgloss::{Gpu, Mse};
/// let gpu = Gpu::new()?;
/// let x = gpu.upload(&[1.0f32, 2.0], [2])?;
/// let t = gpu.upload(&[1.0f32, 4.0], [2])?;
/// let (out, [g]) = gpu.gradients(&Mse::default().of(&x, &t), [&x])?;
/// assert_eq!(out.loss().wait()?, 2.0);
/// assert_eq!(g.read().wait()?.to_f32(), [0.0, -2.0]);
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gpu(Arc<Context>);

#[derive(Debug)]
struct Context {
    device: Arc<Device>,
    queue: wgpu::Queue,
    limits: wgpu::Limits,
    pipelines: Pipelines,
    memory: Arc<AtomicU64>,
    timeout: Mutex<Duration>,
    workspace_bound: AtomicU64,
    /// The reports that the device has not sent yet.
    #[cfg(target_arch = "wasm32")]
    late: Late,
    target: Target,
    /// How many pipelines to make at once.
    pipelines_at_once: usize,
}

/// The most bytes of a binding that kernels can address, because their word indices have 32 bits.
const REACHED: u64 = 4 * (u32::MAX as u64);

/// The limits of a device, capped at what kernels can address, and so that sums of limits do not overflow: some drivers
/// report u64::MAX.
fn reachable(limits: wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size.min(REACHED),
        max_buffer_size: limits.max_buffer_size.min(i64::MAX as u64),
        min_uniform_buffer_offset_alignment: limits.min_uniform_buffer_offset_alignment.max(1),
        ..limits
    }
}

impl Gpu {
    /// Opens the best adapter, or the one that `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` name.
    ///
    /// Discrete GPUs come first, then integrated ones, then virtual ones, and CPUs under a driver come last. If several
    /// backends find a GPU, Linux uses Vulkan, then GL; Windows uses Vulkan, then DX12, then GL; macOS and iOS use
    /// Metal, then Vulkan over Metal. So a discrete GPU that only DX12 finds comes before an integrated GPU with
    /// Vulkan. `WGPU_BACKEND=dx12` allows only DX12. [`adapters`](crate::adapters) lists the adapters, best first.
    ///
    /// On DX12, `dxcompiler.dll` compiles shaders if Windows finds it, for example beside the program. Otherwise FXC
    /// does, which is many times slower. `WGPU_DX12_COMPILER` chooses `dxc` or `fxc`.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], which says which backends were tried, what was found and what to install.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new() -> Result<Gpu> {
        transfer::block_on(Gpu::request())
    }

    /// [`Gpu::new`] without blocking.
    ///
    /// # Errors
    /// As [`Gpu::new`].
    pub async fn request() -> Result<Gpu> {
        let adapter = adapter::request().await?;
        let wanted = wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP | wgpu::Features::SHADER_INT64;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("wgloss"),
            required_features: adapter.features() & wanted,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let refused = |e: wgpu::RequestDeviceError| Error::NoAdapter(format!("{}: {e}", adapter.get_info().name));
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(refused)?;
        let gpu = Gpu::from_wgpu(device, queue);
        let lost = gpu.0.device.lost().clone();
        gpu.device().set_device_lost_callback(move |reason, _| {
            lost.note(match reason {
                wgpu::DeviceLostReason::Destroyed => "it was destroyed",
                wgpu::DeviceLostReason::Unknown => "it was reset or unplugged, or its driver failed",
            });
        });
        // wgpu's default handler panics; the library's errors come through error scopes and reads
        gpu.device().on_uncaptured_error(Arc::new(|error| eprintln!("wgloss: uncaptured GPU error: {error}")));
        Ok(gpu)
    }

    /// Makes a context of your own device and queue. It sets nothing on them.
    ///
    /// Kernels need no features. On a CPU under Vulkan, [`wgpu::Features::SUBGROUP`] and
    /// [`wgpu::Features::SHADER_INT64`] make them faster, if the device was made with them.
    ///
    /// There are kernels for GPUs, and kernels for CPUs under a driver. The adapter decides, unless the environment
    /// variable `WGLOSS_KERNELS` names a kind: `gpu`, `cpu`, `small` or `plain`. `small` kernels are for GPUs on DX12,
    /// where FXC compiles them quickly. `plain` kernels have all of naga's checks, process elements one by one, keep
    /// no classes or rows in registers, and use the workgroups of a GPU. Other values are ignored. Results of the kinds
    /// may differ in the rounding of sums.
    pub fn from_wgpu(device: wgpu::Device, queue: wgpu::Queue) -> Gpu {
        let limits = reachable(device.limits());
        let info = device.adapter_info();
        let target = Target::of(&info, device.features(), &limits);
        Gpu(Arc::new(Context {
            queue,
            limits,
            pipelines: Pipelines::default(),
            memory: Arc::default(),
            timeout: Mutex::new(Duration::from_secs(30)),
            workspace_bound: AtomicU64::new(128 << 20),
            #[cfg(target_arch = "wasm32")]
            late: Late::default(),
            target,
            pipelines_at_once: match info.backend {
                // a GL context belongs to one thread at a time
                wgpu::Backend::Gl => 1,
                _ => std::thread::available_parallelism().map_or(1, usize::from),
            },
            device: Device::of(device),
        }))
    }

    /// A device that does nothing, for which kernels are made as for a kind of adapter: `gpu`, `cpu`, `small` or `plain`, as
    /// [`from_wgpu`](Self::from_wgpu) says. [`explain`](Self::explain) then tells what would run, on a machine without a GPU. The
    /// kernels of a `cpu` are those under a Vulkan driver with every feature that they can use. None for any other name.
    #[cfg(any(test, feature = "noop"))]
    pub fn without_gpu(kernels: &str) -> Option<Gpu> {
        let target = Target::ALL.into_iter().find(|target| target.name() == kernels)?;
        let on_cpu = kernels == "cpu";
        Some(Gpu::noop(Target { subgroups: on_cpu, words64: on_cpu, vulkan: true, ..target }))
    }

    /// A device that does nothing, with kernels for any target.
    #[cfg(any(test, feature = "fuzzing", feature = "noop"))]
    pub(super) fn noop(target: Target) -> Gpu {
        let required_features = wgpu::Features::SUBGROUP | wgpu::Features::SHADER_INT64;
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor { required_features, ..Default::default() });
        let mut gpu = Gpu::from_wgpu(device, queue);
        let context = Arc::get_mut(&mut gpu.0).expect("nobody else has it yet");
        context.target = Target { binding_limit: context.target.binding_limit, ..target };
        gpu
    }

    /// The device.
    pub fn device(&self) -> &wgpu::Device {
        self.0.device.wgpu()
    }

    /// The device that contexts share.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn shared(&self) -> &Arc<Device> {
        &self.0.device
    }

    /// The queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    /// The bytes of GPU memory in use: the sum of the live buffers that this context made. Wrapped buffers do not
    /// count.
    pub fn memory(&self) -> u64 {
        self.0.memory.load(Ordering::Relaxed)
    }

    /// How many pipelines are kept.
    pub fn pipelines(&self) -> usize {
        self.0.pipelines.len()
    }

    /// Sets how long a read waits for the GPU before it gives [`Error::Timeout`]. The default is 30 seconds. On the web
    /// the browser decides.
    pub fn set_timeout(&self, timeout: Duration) {
        *lock(&self.0.timeout) = timeout;
    }

    /// Sets how many bytes of workspace a loss over all pairs or over a linear layer may use. The default is 128 MiB.
    ///
    /// Such a loss is computed in blocks. A smaller bound makes the blocks smaller and the loss slower, but does not
    /// change its bits. A loss that does not fit is refused with [`Error::TooLarge`].
    pub fn set_workspace_bound(&self, bytes: u64) {
        self.0.workspace_bound.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn workspace_bound(&self) -> u64 {
        self.0.workspace_bound.load(Ordering::Relaxed)
    }

    /// What kernels are made for.
    pub(super) fn target(&self) -> &Target {
        &self.0.target
    }

    pub(super) fn pipelines_at_once(&self) -> usize {
        self.0.pipelines_at_once
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn timeout(&self) -> Duration {
        *lock(&self.0.timeout)
    }

    pub(super) fn limits(&self) -> &wgpu::Limits {
        &self.0.limits
    }

    pub(super) fn kernels(&self) -> &Pipelines {
        &self.0.pipelines
    }

    #[cfg(target_arch = "wasm32")]
    pub(super) fn late(&self) -> &Late {
        &self.0.late
    }

    pub(super) fn counter(&self) -> &Arc<AtomicU64> {
        &self.0.memory
    }

    /// Refuses work on a device that is known to be lost.
    pub(super) fn alive(&self) -> Result<()> {
        self.0.device.alive()
    }

    /// Refuses tensors of another device. wgpu could take them for buffers of this device that have their numbers.
    fn refuse_foreign<T: ToGpu>(&self, term: &Term<T>, of: &[&T]) -> Result<()> {
        outputs::refuse_foreign(self, term)?;
        let loss = term.id();
        match of.iter().position(|of| self.is_foreign(*of)) {
            Some(place) => Err(Error::ForeignTensor { loss, operand: format!("of[{place}]") }),
            None => Ok(()),
        }
    }

    /// Whether a tensor is on another device.
    pub(super) fn is_foreign<T: ToGpu>(&self, tensor: &T) -> bool {
        tensor.context().is_some_and(|context| !self.shares_device(context))
    }

    /// Whether two contexts have one device, so that each can use the other's tensors.
    pub(super) fn shares_device(&self, other: &Gpu) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.device.is(&other.0.device)
    }

    /// Computes the value of a term of arrays or tensors, in one submission. Nothing is read back.
    ///
    /// # Errors
    /// Every refusal of [`Error`].
    pub fn value<T: ToGpu>(&self, term: &Term<T>) -> Result<Outcome> {
        self.gradient_list(term, &[]).map(|(outcome, _)| outcome)
    }

    /// Computes the value of a term and its gradients with respect to the operands `of`, in one submission. Nothing is
    /// read back. A gradient has its operand's shape, and its dtype or f32 after [`Tensor::f32_gradient`]. The gradient
    /// of an operand in several places of the term is the sum over these places.
    ///
    /// # Errors
    /// Every refusal of [`Error`], among them an operand that the term has no gradient for.
    pub fn gradients<T: ToGpu, const N: usize>(&self, term: &Term<T>, of: [&T; N]) -> Result<(Outcome, [Tensor; N])> {
        let (outcome, gradients) = self.gradient_list(term, &of)?;
        Ok((outcome, gradients.try_into().expect("one gradient for each operand")))
    }

    /// [`gradients`](Self::gradients) for a number of operands that is only known at run time.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn gradient_list<T: ToGpu>(&self, term: &Term<T>, of: &[&T]) -> Result<(Outcome, Vec<Tensor>)> {
        self.refuse_foreign(term, of)?;
        // checks labels on the host before anything is uploaded
        check::term(term)?;
        check::on_gpu(term)?;
        check::differentiable(term, of)?;
        let mut on_gpu = self.uploads();
        let term = term.map(&mut on_gpu)?;
        let gradients = of.iter().map(|of| self.zeros(of.shape().to_vec(), of.gradient_dtype()));
        let gradients = gradients.collect::<Result<Vec<_>>>()?;
        let of = of.iter().map(|operand| on_gpu(operand)).collect::<Result<Vec<_>>>()?;
        let outputs = Outputs {
            gradients: of.iter().zip(&gradients).map(|(of, into)| Gradient::store(of, into)).collect(),
            ..Outputs::default()
        };
        let outcome = self.prepare(&term, &outputs)?.run()?;
        let gradients = outcome.gradients().to_vec();
        Ok((outcome, gradients))
    }

    /// Returns a function that uploads operands, each only once.
    fn uploads<T: ToGpu>(&self) -> impl FnMut(&T) -> Result<Tensor> {
        let mut uploaded: Vec<(T, Tensor)> = Vec::new();
        move |operand| {
            if let Some((_, tensor)) = uploaded.iter().find(|(known, _)| known.is(operand)) {
                return Ok(tensor.clone().with_class_axis(operand.class_axis()));
            }
            let tensor = operand.to_gpu(self)?;
            uploaded.push((operand.clone(), tensor.clone()));
            Ok(tensor)
        }
    }

    /// Makes the pipelines for a term's value and its gradients with respect to `of`, so that the first call takes no
    /// longer than the next. Drivers take milliseconds to compile a pipeline, and longer on the web.
    ///
    /// Terms with equal losses, options, dtypes and layouts share pipelines. Their sizes may differ, as long as they
    /// use equal kernels. A [prepared](Self::prepare) job has its pipelines already.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn warm_up(&self, term: &Term<Tensor>, of: &[&Tensor]) -> Result<()> {
        self.refuse_foreign(term, of)?;
        self.prepare(term, &Outputs::default())?;
        let gradients =
            of.iter().map(|of| Ok(Gradient::store(of, &self.zeros(of.shape().to_vec(), of.gradient_dtype())?)));
        let gradients = gradients.collect::<Result<Vec<_>>>()?;
        self.prepare(term, &Outputs { gradients, ..Outputs::default() }).map(drop)
    }

    /// Computes the statistics of a shard, for a batch that is spread over devices, in one submission. Nothing is read
    /// back. They are f32; [`cpu::statistics`](crate::cpu::statistics) explains them. [`Term::among`] takes the
    /// statistics of all shards.
    ///
    /// ```no_run
    /// # use wgloss::{Dice, Error, Gpu, Tensor};
    /// # fn gather(own: &Tensor) -> Result<Tensor, Error> { unimplemented!() }
    /// # fn step(gpu: &Gpu, logits: &Tensor, labels: &Tensor) -> Result<(), Error> {
    /// let dice = Dice { batch: true, ..Dice::default() }.of(logits, labels);
    /// let all = gather(&gpu.statistics(&dice)?)?; // the statistics of all devices, along a new first axis
    /// // the loss is the whole batch's, the gradient this shard's
    /// let (out, [gradient]) = gpu.gradients(&dice.among(&all), [logits])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Every refusal of [`Error`]; [`Error::InvalidOption`] for a loss that is a plain sum over its values, which needs
    /// no statistics.
    pub fn statistics<T: ToGpu>(&self, term: &Term<T>) -> Result<Tensor> {
        self.refuse_foreign(term, &[])?;
        check::statistics(term)?;
        check::on_gpu(term)?;
        let (job, statistics) = Job::of_statistics(self, &term.map(self.uploads())?, None)?;
        job.run()?;
        Ok(statistics)
    }

    /// Prepares a job that writes the [`statistics`](Self::statistics) of a shard to your tensor. The outcome's tensor
    /// is this tensor, because there is no loss yet.
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics); [`Error::ShapeMismatch`] for a tensor of another shape, and
    /// [`Error::OverlappingBuffers`] for one that overlaps an operand.
    pub fn prepare_statistics(&self, term: &Term<Tensor>, into: &Tensor) -> Result<Job> {
        Job::of_statistics(self, term, Some(into)).map(|(job, _)| job)
    }

    /// Prepares a term: makes pipelines, bind groups and workspace once, for a job that can be recorded many times.
    ///
    /// # Errors
    /// Every refusal of [`Error`]; [`Error::OverlappingBuffers`] for an output that overlaps an operand or another output.
    pub fn prepare(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        Job::new(self, term, outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::{REACHED, reachable};

    #[test]
    fn unlimited_limits_are_capped() {
        let limits = reachable(wgpu::Limits {
            max_buffer_size: u64::MAX,
            max_storage_buffer_binding_size: u64::MAX,
            min_uniform_buffer_offset_alignment: 0,
            ..wgpu::Limits::default()
        });
        assert_eq!(limits.max_storage_buffer_binding_size, REACHED);
        assert!(limits.max_buffer_size.checked_add(REACHED).is_some(), "sums of limits stay below 2^64");
        assert_eq!(limits.min_uniform_buffer_offset_alignment, 1);
        // usual limits do not change
        assert_eq!(reachable(wgpu::Limits::default()), wgpu::Limits::default());
    }
}
