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

/// A device whose wgpu handles are known, with what was planned and prepared on it.
#[derive(Debug)]
pub(crate) struct Registered {
    device: CubeDevice,
    pub gpu: Gpu,
    pub jobs: Jobs,
    pub plans: Plans,
}

static REGISTERED: Mutex<Vec<Arc<Registered>>> = Mutex::new(Vec::new());

/// Makes a wgpu device of Burn that the losses can use. Call it once, before the first tensor.
///
/// ```no_run
/// use burn::tensor::Device;
/// let device = wgloss_burn::init(Device::wgpu_options())?.autodiff();
/// # Ok::<(), wgloss_burn::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoDevice`] if there is no adapter, or if Burn has already made this device: keep and clone the first.
#[cfg(not(target_family = "wasm"))]
pub fn init(options: WgpuOptions) -> Result<Device> {
    let made = options.init_with_setup();
    let (device, setup) = made.map_err(|error| Error::NoDevice(error.to_string()))?;
    register(&device, &setup)?;
    Ok(device)
}

/// Lets the losses use a device that Burn made from your own wgpu handles, or by
/// [`init_with_setup`](WgpuOptions::init_with_setup) or its asynchronous twin.
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

/// The device as wgloss's: to bound a loss's workspace, to set how long a read waits, or to run wgloss's own calls.
///
/// # Errors
/// [`Error::NotRegistered`], [`Error::OtherBackend`].
pub fn gpu(device: &Device) -> Result<Gpu> {
    Ok(registered(cube_device(device.as_dispatch())?)?.gpu.clone())
}

/// Frees what the losses keep from step to step on a device: prepared jobs, and the buffers that they name, which Burn may
/// have given up since. The next step prepares anew. Gives the number of jobs.
///
/// # Errors
/// [`Error::NotRegistered`], [`Error::OtherBackend`].
pub fn forget_jobs(device: &Device) -> Result<usize> {
    Ok(registered(cube_device(device.as_dispatch())?)?.jobs.forget())
}

/// The device of the wgpu backend below a device.
pub(crate) fn cube_device(device: &DispatchDevice) -> Result<&CubeDevice> {
    match device {
        DispatchDevice::Cube(device @ CubeDevice::Wgpu(_)) => Ok(device),
        DispatchDevice::Autodiff(device) => cube_device(device),
        other => Err(Error::OtherBackend { device: format!("{other:?}") }),
    }
}

/// The facts about a device.
pub(crate) fn registered(device: &CubeDevice) -> Result<Arc<Registered>> {
    let known = lock(&REGISTERED).iter().find(|known| known.device == *device).cloned();
    known.ok_or_else(|| Error::NotRegistered { device: format!("{device:?}") })
}
