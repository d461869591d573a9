//! Error scopes. If the device refuses a call, the call returns the error; on the web, later reads return it.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::wait::block_on;

impl Gpu {
    /// Calls `create`, and returns the error if the device refuses something that `create` does.
    ///
    /// On the web the device answers after this has returned. Reads that start later give the error.
    pub(super) fn scoped<T>(&self, create: impl FnOnce() -> T) -> Result<T> {
        let created = self.scoped_as(create, |error| error);
        // a lost device refuses nothing, or gives meaningless errors, so ask whether it is lost
        self.answers()?;
        created
    }

    /// Refuses a lost device. This takes some microseconds, so a call that makes many things asks only once.
    pub(super) fn answers(&self) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        return self.alive();
        #[cfg(not(target_arch = "wasm32"))]
        self.shared().answers()
    }

    /// As [`scoped`](Self::scoped), but `explain` rewrites the error, and the caller asks later whether the device is
    /// lost.
    pub(super) fn scoped_as<T>(
        &self,
        create: impl FnOnce() -> T,
        explain: impl FnOnce(Error) -> Error + 'static,
    ) -> Result<T> {
        self.alive()?;
        let filters = [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation];
        let [internal, memory, validation] = filters.map(|filter| self.device().push_error_scope(filter));
        // wgpu panics on a handle of another instance if this instance has nothing with its number
        #[cfg(not(target_arch = "wasm32"))]
        let created = std::panic::catch_unwind(std::panic::AssertUnwindSafe(create));
        #[cfg(target_arch = "wasm32")]
        let created = create();
        // scopes end in reverse order. A failed allocation also makes its uses invalid, so look for it first
        let [validation, memory, internal] = [validation.pop(), memory.pop(), internal.pop()];
        let answers = [memory, validation, internal];
        #[cfg(test)]
        let told = self.seam().answer();
        #[cfg(not(test))]
        let told = None;
        let report = async move {
            let mut found = told;
            for answer in answers {
                found = found.or(answer.await);
            }
            found.map(typed)
        };
        #[cfg(target_arch = "wasm32")]
        {
            self.late().owe(Box::pin(async move { report.await.map(explain) }));
            Ok(created)
        }
        #[cfg(not(target_arch = "wasm32"))]
        match (created, block_on(report)) {
            (Ok(created), None) => Ok(created),
            (Ok(_), Some(error)) => Err(explain(error)),
            (Err(panic), _) => Err(explain(Error::Gpu(panicked(&*panic)))),
        }
    }

    /// Waits until the device has accepted or refused every call so far. Gives the first refusal, and then forgets it.
    ///
    /// Natively every call returns its own error, so this only reports a lost device. On the web a device answers after
    /// the call has returned, so allocations, [`prepare`](Self::prepare), [`gradients`](Self::gradients) and
    /// [`Job::run`](crate::Job::run) succeed even if the device refuses them. Every read that starts after such a call
    /// gives the error instead of its result, because a refused call may have left zeros anywhere. Reads keep giving
    /// the error until you await this function. Do not trust anything computed since the last time it gave no error.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::InvalidShader`], [`Error::Gpu`], [`Error::DeviceLost`].
    pub async fn settled(&self) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        if let Err(error) = self.late().settled().await {
            // one of the kept pipelines may be the refused object, and would fail at each use
            self.pipeline_store().forget();
            return Err(error);
        }
        self.answers()
    }
}

/// The message of a panic.
#[cfg(not(target_arch = "wasm32"))]
fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.map_or("a panic without a message".into(), |text| format!("a panic: {text}"))
}

/// The library's error for a device's error.
fn typed(error: wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            Error::OutOfMemory("nothing is left for what a call needs besides its tensors".into())
        }
        error => Error::Gpu(error.to_string()),
    }
}
