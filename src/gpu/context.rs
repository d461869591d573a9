//! The context: a device and its queue, and the pipelines and memory made on them.

use crate::error::{Error, Result};
use crate::gpu::adapter;
use crate::gpu::device::Device;
#[cfg(target_arch = "wasm32")]
use crate::gpu::late::DeviceReports;
use crate::gpu::lock::lock;
use crate::gpu::matrices::{self, Matrices};
use crate::gpu::pipelines::{Pipelines, Place};
#[cfg(test)]
use crate::gpu::seam::Seam;
use crate::gpu::target::Target;
#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::wait::block_on;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
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
    /// The table of all byte values, from which kernels read the numbers that the host sets; see `numbers.rs`.
    bytes: Place<wgpu::Buffer>,
    driver_cache: OnceLock<wgpu::PipelineCache>,
    memory: Arc<AtomicU64>,
    timeout: Mutex<Duration>,
    workspace_bound: AtomicU64,
    /// The reports that the device has not sent yet.
    #[cfg(target_arch = "wasm32")]
    late: DeviceReports,
    target: Target,
    /// How many pipelines to make at once.
    pipelines_at_once: usize,
    #[cfg(test)]
    seam: Seam,
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
        block_on(Gpu::request())
    }

    /// [`Gpu::new`] without blocking.
    ///
    /// # Errors
    /// As [`Gpu::new`].
    pub async fn request() -> Result<Gpu> {
        let adapter = adapter::request().await?;
        let wanted = wgpu::Features::TIMESTAMP_QUERY
            | wgpu::Features::SUBGROUP
            | wgpu::Features::SHADER_INT64
            | wgpu::Features::PIPELINE_CACHE;
        let of_matrices = Target::asks_for_matrices() && Matrices::of(&adapter).is_some();
        let (needed, experimental_features) =
            if of_matrices { (matrices::FEATURES, matrices::experimental()) } else { Default::default() };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("wgloss"),
            required_features: adapter.features() & wanted | needed,
            required_limits: adapter.limits(),
            experimental_features,
            ..Default::default()
        };
        let refused = |e: wgpu::RequestDeviceError| Error::NoAdapter(format!("{}: {e}", adapter.get_info().name));
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(refused)?;
        let gpu = Gpu::from_wgpu_on(&adapter, device, queue);
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
    /// variable `WGLOSS_KERNELS` names a kind: `gpu`, `matrices`, `cpu`, `small` or `plain`. `matrices` are the kernels for
    /// `gpu` with products of f16 by cooperative matrices, an experimental feature of wgpu, which [`Gpu::new`] then asks
    /// for. `small` kernels are for GPUs on DX12, where FXC compiles them quickly. `plain` kernels have all of naga's
    /// checks, process elements one by one, keep no classes or rows in registers, and use the workgroups of a GPU. Other
    /// values are ignored. Results of the kinds may differ in the rounding of sums.
    pub fn from_wgpu(device: wgpu::Device, queue: wgpu::Queue) -> Gpu {
        Gpu::made(None, device, queue)
    }

    /// [`from_wgpu`](Self::from_wgpu) with the adapter that the device was made from. Only an adapter tells which matrices a
    /// GPU can multiply.
    ///
    /// On a GPU under Vulkan, losses over all pairs, over a linear layer and of Gram matrices compute products of f16 with the
    /// GPU's matrix units, if the device was made with [`wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX`],
    /// [`wgpu::Features::SHADER_F16`] and [`wgpu::Features::SUBGROUP`].
    pub fn from_wgpu_on(adapter: &wgpu::Adapter, device: wgpu::Device, queue: wgpu::Queue) -> Gpu {
        Gpu::made(Some(adapter), device, queue)
    }

    fn made(adapter: Option<&wgpu::Adapter>, device: wgpu::Device, queue: wgpu::Queue) -> Gpu {
        let limits = reachable(device.limits());
        let info = device.adapter_info();
        let target = Target::of(&info, device.features(), &limits);
        let target = match adapter.filter(|_| device.features().contains(matrices::FEATURES)) {
            Some(adapter) => target.with_matrices(adapter),
            None => target,
        };
        Gpu(Arc::new(Context {
            queue,
            limits,
            pipelines: Pipelines::default(),
            bytes: Place::default(),
            driver_cache: OnceLock::new(),
            memory: Arc::default(),
            timeout: Mutex::new(Duration::from_secs(30)),
            workspace_bound: AtomicU64::new(128 << 20),
            #[cfg(target_arch = "wasm32")]
            late: DeviceReports::default(),
            target,
            pipelines_at_once: match info.backend {
                // a GL context belongs to one thread at a time
                wgpu::Backend::Gl => 1,
                _ => std::thread::available_parallelism().map_or(1, usize::from),
            },
            device: Device::of(device),
            #[cfg(test)]
            seam: Default::default(),
        }))
    }

    /// Makes a context on a device that does nothing, with the kernels for a kind of adapter: `gpu`, `cpu`, `small` or
    /// `plain`, as [`from_wgpu`](Self::from_wgpu) says, or `matrices`: those for a `gpu` that multiplies matrices of f16.
    /// [`explain`](Self::explain) then shows what would run, on a machine without a GPU. The kernels for `cpu` are those
    /// under a Vulkan driver, with every feature that they can use. `None` for any other name.
    #[cfg(any(test, feature = "noop"))]
    pub fn without_gpu(kernels: &str) -> Option<Gpu> {
        let matrices = (kernels == crate::gpu::target::MATRICES).then_some(Matrices { side: 16, lanes: (32, 32) });
        let name = if matrices.is_some() { "gpu" } else { kernels };
        let target = Target::ALL.into_iter().find(|target| target.name() == name)?;
        let on_cpu = kernels == "cpu";
        Some(Gpu::noop(Target { subgroup: on_cpu.then_some(8), matrices, words64: on_cpu, vulkan: true, ..target }))
    }

    /// Makes a context on a device that does nothing, with the kernels for a target.
    #[cfg(any(test, feature = "fuzzing", feature = "noop"))]
    pub(super) fn noop(target: Target) -> Gpu {
        let descriptor = wgpu::DeviceDescriptor {
            required_features: wgpu::Features::SHADER_INT64 | matrices::FEATURES,
            experimental_features: matrices::experimental(),
            ..Default::default()
        };
        let (device, queue) = wgpu::Device::noop(&descriptor);
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

    /// Sets how many bytes of workspace a loss may use that is computed in blocks. The default is 128 MiB.
    ///
    /// These are the losses over all pairs, over a linear layer, over Gram matrices, over windows of pictures, and over
    /// alignments. A smaller bound makes the blocks smaller and the loss slower, but does not change its bits. A loss that
    /// does not fit is refused with [`Error::TooLarge`].
    pub fn set_workspace_bound(&self, bytes: u64) {
        self.0.workspace_bound.store(bytes, Ordering::Relaxed);
    }

    /// The bytes that were last [set](Self::set_workspace_bound).
    pub fn workspace_bound(&self) -> u64 {
        self.0.workspace_bound.load(Ordering::Relaxed)
    }

    /// The kind of adapter that kernels are made for.
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

    pub(super) fn driver_cache(&self) -> &OnceLock<wgpu::PipelineCache> {
        &self.0.driver_cache
    }

    pub(super) fn byte_table(&self) -> &Place<wgpu::Buffer> {
        &self.0.bytes
    }

    pub(super) fn pipeline_store(&self) -> &Pipelines {
        &self.0.pipelines
    }

    #[cfg(target_arch = "wasm32")]
    pub(super) fn late(&self) -> &DeviceReports {
        &self.0.late
    }

    #[cfg(test)]
    pub(super) fn seam(&self) -> &Seam {
        &self.0.seam
    }

    pub(super) fn used_memory(&self) -> &Arc<AtomicU64> {
        &self.0.memory
    }

    /// Refuses work on a device that is known to be lost.
    pub(super) fn alive(&self) -> Result<()> {
        self.0.device.alive()
    }

    /// Whether the other is a clone of this context.
    pub(super) fn is(&self, other: &Gpu) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether two contexts have one device, so that each can use the other's tensors.
    pub(super) fn shares_device(&self, other: &Gpu) -> bool {
        self.is(other) || self.0.device.is(&other.0.device)
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
