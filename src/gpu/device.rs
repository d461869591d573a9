//! The device that contexts share. This file finds out whether two handles are one device, whether a device is lost, and why it
//! refuses a buffer.

use crate::error::{Error, Result};
use crate::gpu::lock::lock;
#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::wait::block_on;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A device. All contexts made from one wgpu device share it.
#[derive(Debug)]
pub(super) struct Device {
    wgpu: wgpu::Device,
    lost: Arc<Lost>,
    /// A buffer to map, to see whether the device still answers.
    #[cfg(not(target_arch = "wasm32"))]
    canary: Mutex<Option<wgpu::Buffer>>,
    /// The layout of a bind group with one buffer, to test whether the device accepts the buffer.
    #[cfg(not(target_arch = "wasm32"))]
    layout: std::sync::OnceLock<wgpu::BindGroupLayout>,
}

/// Why a device was lost, if it was. It is separate from `Device`, because the lost callback has to be sent to another
/// thread, and a browser's device cannot be.
#[derive(Debug, Default)]
pub(super) struct Lost(Mutex<Option<&'static str>>);

impl Lost {
    /// Sets why the device was lost, unless a reason is known.
    pub fn note(&self, reason: &'static str) {
        lock(&self.0).get_or_insert(reason);
    }
}

/// Why a device refuses a buffer. On the web the answer would come too late.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flaw {
    Foreign,
    Destroyed,
    Mapped,
    /// The device refused to make it, or there is another reason.
    Unusable,
}

#[cfg(not(target_arch = "wasm32"))]
impl Flaw {
    /// The error for an operand in the buffer.
    pub fn of(self, loss: &'static str, operand: &str) -> Error {
        let reason = match self {
            Flaw::Foreign => return Error::ForeignTensor { loss, operand: operand.into() },
            Flaw::Destroyed => "is in a buffer that has been destroyed",
            Flaw::Mapped => "is in a buffer that is mapped: unmap it first",
            Flaw::Unusable => "is in a buffer that the device refused to make",
        };
        Error::InvalidOperand { loss, operand: operand.into(), reason: reason.into() }
    }
}

impl Device {
    fn new(device: wgpu::Device) -> Arc<Device> {
        Arc::new(Device {
            wgpu: device,
            lost: Arc::default(),
            #[cfg(not(target_arch = "wasm32"))]
            canary: Mutex::default(),
            #[cfg(not(target_arch = "wasm32"))]
            layout: std::sync::OnceLock::new(),
        })
    }

    /// Wraps a browser's device. A browser can compare devices, so they need no list.
    #[cfg(target_arch = "wasm32")]
    pub fn of(device: wgpu::Device) -> Arc<Device> {
        Device::new(device)
    }

    /// Wraps a device, or returns the wrapper that living contexts share.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn of(device: wgpu::Device) -> Arc<Device> {
        use std::sync::Weak;
        static KNOWN: Mutex<Vec<Weak<Device>>> = Mutex::new(Vec::new());
        let mut known = lock(&KNOWN);
        known.retain(|known| known.strong_count() > 0);
        if let Some(known) = known.iter().filter_map(Weak::upgrade).find(|known| same(&known.wgpu, &device)) {
            return known;
        }
        let new = Device::new(device);
        known.push(Arc::downgrade(&new));
        new
    }

    pub fn wgpu(&self) -> &wgpu::Device {
        &self.wgpu
    }

    /// Whether it is the same device as another.
    pub fn is(self: &Arc<Device>, other: &Arc<Device>) -> bool {
        match cfg!(target_arch = "wasm32") {
            true => self.wgpu == other.wgpu,
            false => Arc::ptr_eq(self, other),
        }
    }

    pub fn lost(&self) -> &Arc<Lost> {
        &self.lost
    }

    /// Refuses a device that is known to be lost.
    pub fn alive(&self) -> Result<()> {
        match *lock(&self.lost.0) {
            Some(reason) => Err(Error::DeviceLost(reason.into())),
            None => Ok(()),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Device {
    /// Refuses a lost device. Most calls on a lost device report nothing, and the host's device may have the host's own
    /// callback. So this maps a buffer, which fails at once on a lost device.
    pub fn answers(&self) -> Result<()> {
        self.alive()?;
        let mut canary = lock(&self.canary);
        let mut answers = canary.as_ref().is_some_and(|canary| self.maps(canary));
        if !answers {
            // another thread that polled the device may have left the buffer mapped, so try a new one
            let scopes = scopes(&self.wgpu);
            let new = self.wgpu.create_buffer(&wgpu::BufferDescriptor {
                label: Some("wgloss canary"),
                size: 8,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            // if the new buffer is refused, the device answers: a lost device refuses nothing
            let refused = popped(scopes).is_some();
            answers = refused || self.maps(&new);
            *canary = Some(new).filter(|_| answers).filter(|_| !refused);
        }
        drop(canary);
        if !answers {
            self.lost.note("it no longer answers: it was destroyed, reset or unplugged");
        }
        self.alive()
    }

    /// Whether the buffer can be mapped without an immediate failure. The mapping is then cancelled.
    fn maps(&self, buffer: &wgpu::Buffer) -> bool {
        let failed = Arc::new(AtomicBool::new(false));
        let fails = failed.clone();
        let scope = self.wgpu.push_error_scope(wgpu::ErrorFilter::Validation);
        buffer.map_async(wgpu::MapMode::Read, .., move |mapped| fails.store(mapped.is_err(), Ordering::Relaxed));
        // `unmap` makes the mapping fail too, so look before it
        let failed = failed.load(Ordering::Relaxed);
        buffer.unmap();
        drop(block_on(scope.pop()));
        !failed
    }

    /// Tests whether the device can bind a buffer.
    pub fn takes(&self, buffer: &wgpu::Buffer) -> std::result::Result<(), Flaw> {
        let size = buffer.size().min(16) / 4 * 4;
        if size == 0 {
            return Ok(());
        }
        let ty = wgpu::BufferBindingType::Storage { read_only: true };
        let entry = wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        };
        let layout = self.layout.get_or_init(|| {
            let descriptor = wgpu::BindGroupLayoutDescriptor { label: Some("wgloss probe"), entries: &[entry] };
            self.wgpu.create_bind_group_layout(&descriptor)
        });
        let binding = wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(size) };
        let entries = [wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(binding) }];
        self.probe(|| {
            let descriptor = wgpu::BindGroupDescriptor { label: Some("wgloss probe"), layout, entries: &entries };
            let _ = self.wgpu.create_bind_group(&descriptor);
        })
    }

    /// Tests whether the device can submit work on a buffer.
    pub fn submits(&self, queue: &wgpu::Queue, buffer: &wgpu::Buffer) -> std::result::Result<(), Flaw> {
        self.probe(|| {
            let mut encoder = self.wgpu.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let state = wgpu::BufferUses::STORAGE_READ_ONLY;
            encoder.transition_resources([wgpu::BufferTransition { buffer, state }].into_iter(), [].into_iter());
            queue.submit([encoder.finish()]);
        })
    }

    /// Calls `of`, which uses a buffer, and interprets the error. wgpu panics if the buffer belongs to another instance and no
    /// buffer here has its number.
    fn probe(&self, of: impl FnOnce()) -> std::result::Result<(), Flaw> {
        let scopes = scopes(&self.wgpu);
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(of));
        let said = popped(scopes);
        match (tried, said) {
            (Err(_), _) => Err(Flaw::Foreign),
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(error)) => {
                let said = error.to_string();
                let flaws =
                    [("doesn't match", Flaw::Foreign), ("destroyed", Flaw::Destroyed), ("mapped", Flaw::Mapped)];
                let known = flaws.into_iter().find(|(word, _)| said.contains(word));
                Err(known.map_or(Flaw::Unusable, |(_, flaw)| flaw))
            }
        }
    }
}

/// Pushes scopes for all kinds of errors.
#[cfg(not(target_arch = "wasm32"))]
fn scopes(device: &wgpu::Device) -> [wgpu::ErrorScopeGuard; 3] {
    let filters = [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation];
    filters.map(|filter| device.push_error_scope(filter))
}

/// Pops the scopes, and returns the first error.
#[cfg(not(target_arch = "wasm32"))]
fn popped(scopes: [wgpu::ErrorScopeGuard; 3]) -> Option<wgpu::Error> {
    let [internal, memory, validation] = scopes;
    let said = [validation, memory, internal].map(|scope| block_on(scope.pop()));
    said.into_iter().flatten().next()
}

/// Whether two handles are one device. wgpu compares numbers, and devices of two instances may have equal numbers. So
/// this provokes an error on one handle, and looks whether a scope of the other one catches it.
#[cfg(not(target_arch = "wasm32"))]
fn same(one: &wgpu::Device, other: &wgpu::Device) -> bool {
    if one != other {
        return false;
    }
    let outer = one.push_error_scope(wgpu::ErrorFilter::Validation);
    let inner = other.push_error_scope(wgpu::ErrorFilter::Validation);
    // every device refuses a buffer without usages
    let _ = one.create_buffer(&wgpu::BufferDescriptor {
        label: Some("wgloss probe"),
        size: 4,
        usage: wgpu::BufferUsages::empty(),
        mapped_at_creation: false,
    });
    let caught = block_on(inner.pop()).is_some();
    drop(block_on(outer.pop()));
    caught
}
