//! The devices that drawn calls run on: the chosen adapter with its own limits, and with limits so low that a binding holds only
//! a part of a tensor, walks are cut into slices, and grids have several rows of workgroups.

use wgloss::{Gpu, wgpu};

/// The limits of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// The adapter's.
    Own,
    /// Bindings of 1 MiB that begin at multiples of 256 bytes, and grids of 32 by 32 workgroups.
    Narrow,
    /// Bindings of 160 KiB that begin at multiples of 256 bytes, and grids of 16 by 16 workgroups.
    Tight,
}

/// A device for each kind of limits. Where a device with low limits cannot be had, only the calls that need it give an error.
pub struct Devices {
    own: Gpu,
    narrow: Result<Gpu, String>,
    tight: Result<Gpu, String>,
}

impl Devices {
    /// Opens the chosen adapter under each kind of limits.
    ///
    /// # Errors
    /// Those of [`Gpu::new`].
    pub fn open() -> wgloss::Result<Devices> {
        Ok(Devices { own: Gpu::new()?, narrow: limited(1 << 20, 32), tight: limited(160 << 10, 16) })
    }

    /// The device of these limits.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn with(&self, limits: Limits) -> Result<&Gpu, String> {
        let limited = match limits {
            Limits::Own => return Ok(&self.own),
            Limits::Narrow => &self.narrow,
            Limits::Tight => &self.tight,
        };
        limited.as_ref().map_err(|why| format!("no device with small bindings: {why}"))
    }
}

/// A device of the chosen adapter with bindings of so many bytes, and so many workgroups in each dimension of a grid.
fn limited(bytes: u64, workgroups: u32) -> Result<Gpu, String> {
    let chosen = wgloss::adapters().into_iter().find(|adapter| adapter.chosen).ok_or("no adapter is chosen")?.info;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        info.name == chosen.name && info.backend == chosen.backend
    };
    let adapter = adapters.into_iter().find(same).ok_or("the adapter was not found again")?;
    let required_limits = wgpu::Limits {
        max_storage_buffer_binding_size: bytes,
        max_compute_workgroups_per_dimension: workgroups,
        // most adapters allow smaller alignments, with which nearly every binding would begin exactly at the first element
        // that it is for; with 256, many have to begin before it
        min_storage_buffer_offset_alignment: 256,
        ..adapter.limits()
    };
    let descriptor = wgpu::DeviceDescriptor { required_limits, ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| error.to_string())?;
    Ok(Gpu::from_wgpu(device, queue))
}
