//! A Burn device as a wgloss `Gpu`: both use the same wgpu device and queue.

use crate::error::{Error, Result};
use crate::jobs::Jobs;
use crate::lock::lock;
use crate::plans::Plans;
use burn::backend::DispatchDevice;
use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuOptions, WgpuSetup};
use burn_cubecl::CubeDevice;
use std::sync::{Arc, Mutex};
use wgloss::Gpu;

/// A device whose wgpu handles are known, with the plans and jobs that are kept for it.
#[derive(Debug)]
pub(crate) struct Registered {
    device: CubeDevice,
    pub gpu: Gpu,
    pub jobs: Jobs,
    pub plans: Plans,
}

static REGISTERED: Mutex<Vec<Arc<Registered>>> = Mutex::new(Vec::new());

/// Makes a wgpu device of Burn that the losses can use. Call it once, before the first tensor is made.
///
/// ```no_run
/// use burn::tensor::Device;
/// let device = wgloss_burn::init(Device::wgpu_options())?.autodiff();
/// # Ok::<(), wgloss_burn::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoDevice`] if there is no adapter, or if Burn has already made this device. Keep the first device, and clone
/// it.
#[cfg(not(target_family = "wasm"))]
pub fn init(options: WgpuOptions) -> Result<Device> {
    let made = options.init_with_setup();
    let (device, setup) = made.map_err(|error| Error::NoDevice(error.to_string()))?;
    register(&device, &setup)?;
    Ok(device)
}

/// Lets the losses use a device that Burn made from your own wgpu handles, or by
/// [`init_with_setup`](WgpuOptions::init_with_setup) or the asynchronous version of this call.
///
/// # Errors
/// [`Error::OtherBackend`] for a device that is not of Burn's wgpu backend.
pub fn register(device: &Device, setup: &WgpuSetup) -> Result<()> {
    let device = cube_device(device.as_dispatch())?.clone();
    let gpu = Gpu::from_wgpu(setup.device.clone(), setup.queue.clone());
    let mut registered = lock(&REGISTERED);
    registered.retain(|known| known.device != device);
    registered.push(Arc::new(Registered { device, gpu, jobs: Jobs::default(), plans: Plans::default() }));
    Ok(())
}

/// Returns the wgloss `Gpu` of a device, to bound a loss's workspace, to set how long a read waits, or to make wgloss's own
/// calls.
///
/// # Errors
/// [`Error::NotRegistered`], [`Error::OtherBackend`].
pub fn gpu(device: &Device) -> Result<Gpu> {
    Ok(registered(cube_device(device.as_dispatch())?)?.gpu.clone())
}

/// Frees what the losses keep from step to step on a device: prepared jobs, and the buffers that the jobs use, which Burn
/// itself may have freed since. The next step prepares its jobs again. Returns the number of freed jobs.
///
/// # Errors
/// [`Error::NotRegistered`], [`Error::OtherBackend`].
pub fn forget_jobs(device: &Device) -> Result<usize> {
    Ok(registered(cube_device(device.as_dispatch())?)?.jobs.forget())
}

/// The wgpu device below a device of Burn, which may be wrapped for autodiff.
pub(crate) fn cube_device(device: &DispatchDevice) -> Result<&CubeDevice> {
    match device {
        DispatchDevice::Cube(device @ CubeDevice::Wgpu(_)) => Ok(device),
        DispatchDevice::Autodiff(device) => cube_device(device),
        other => Err(Error::OtherBackend { device: format!("{other:?}") }),
    }
}

/// Returns what is kept for a device.
pub(crate) fn registered(device: &CubeDevice) -> Result<Arc<Registered>> {
    let known = lock(&REGISTERED).iter().find(|known| known.device == *device).cloned();
    known.ok_or_else(|| Error::NotRegistered { device: format!("{device:?}") })
}
