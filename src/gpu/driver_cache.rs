//! The driver's compiled pipelines, as bytes that a program keeps from one start to the next.

use crate::gpu::context::Gpu;

impl Gpu {
    /// Gives the driver what it compiled in an earlier run of the program: the bytes of
    /// [`pipeline_cache`](Self::pipeline_cache). The driver then does not compile these pipelines again. Call this
    /// before any other method, since it has no effect once pipelines have been made.
    ///
    /// Returns whether the bytes are used. They are not used if the device was made without
    /// [`wgpu::Features::PIPELINE_CACHE`], which only Vulkan has and [`Gpu::new`] asks for; if they come from another driver or
    /// adapter; or if pipelines have been made. Then everything works as without them.
    ///
    /// # Safety
    /// The bytes have to be what [`pipeline_cache`](Self::pipeline_cache) returned, unchanged. The driver may take them for
    /// compiled code. Keep them where nobody else writes.
    #[expect(unsafe_code, reason = "only the caller knows where the bytes come from")]
    pub unsafe fn load_pipeline_cache(&self, bytes: &[u8]) -> bool {
        if !self.device().features().contains(wgpu::Features::PIPELINE_CACHE) || self.driver_cache().get().is_some() {
            return false;
        }
        let descriptor = wgpu::PipelineCacheDescriptor { label: Some("wgloss"), data: Some(bytes), fallback: false };
        // SAFETY: the caller says that the bytes come from a pipeline cache.
        let made = self.scoped(|| unsafe { self.device().create_pipeline_cache(&descriptor) });
        made.is_ok_and(|made| self.driver_cache().set(made).is_ok())
    }

    /// The pipelines that the driver has compiled so far, for [`load_pipeline_cache`](Self::load_pipeline_cache) at the
    /// next start of the program. `None` on a device without [`wgpu::Features::PIPELINE_CACHE`].
    pub fn pipeline_cache(&self) -> Option<Vec<u8>> {
        self.own_driver_cache()?.get_data()
    }

    /// The cache that pipelines are made with.
    #[expect(unsafe_code, reason = "wgpu marks every pipeline cache as unsafe, with or without bytes")]
    pub(super) fn own_driver_cache(&self) -> Option<&wgpu::PipelineCache> {
        if !self.device().features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let descriptor = wgpu::PipelineCacheDescriptor { label: Some("wgloss"), data: None, fallback: true };
        if self.driver_cache().get().is_none() {
            // SAFETY: there are no bytes that could be wrong.
            let made = self.scoped(|| unsafe { self.device().create_pipeline_cache(&descriptor) }).ok()?;
            // fails if another thread has set its own first
            let _ = self.driver_cache().set(made);
        }
        self.driver_cache().get()
    }
}
