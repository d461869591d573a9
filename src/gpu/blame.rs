//! Finds out why the device refused a call.

use crate::error::Error;
use crate::gpu::context::Gpu;

impl Gpu {
    /// Improves the error of a refused call. If the device refuses one of the buffers in `used`, the error names the operand in
    /// that buffer.
    pub(super) fn blame<'t>(
        &self,
        error: Error,
        used: impl IntoIterator<Item = (&'static str, String, &'t wgpu::Buffer)>,
    ) -> Error {
        #[cfg(not(target_arch = "wasm32"))]
        if matches!(error, Error::Gpu(_)) {
            for (loss, operand, buffer) in used {
                let device = self.shared();
                if let Err(flaw) = device.takes(buffer).and_then(|()| device.submits(self.queue(), buffer)) {
                    return flaw.of(loss, &operand);
                }
            }
        }
        #[cfg(target_arch = "wasm32")]
        let _ = used;
        error
    }
}
