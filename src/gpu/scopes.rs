//! Error scopes: what the device has against a call is that call's error, or on the web that of the reads after it.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;

/// The reports that the device of a browser owes.
#[cfg(target_arch = "wasm32")]
pub(super) type Late = crate::gpu::late::Late<std::pin::Pin<Box<dyn Future<Output = Option<Error>>>>>;

impl Gpu {
    /// Creates something, and gives what the device has against it as an error.
    ///
    /// On the web the device answers after this has returned: the reads that are started later give the error.
    pub(super) fn scoped<T>(&self, create: impl FnOnce() -> T) -> Result<T> {
        let created = self.scoped_as(create, |error| error);
        // a lost device refuses nothing, or for reasons that are none
        self.answers()?;
        created
    }

    /// Refuses a device that is lost. It takes some microseconds, so that a call which makes many things asks once.
    pub(super) fn answers(&self) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        return self.alive();
        #[cfg(not(target_arch = "wasm32"))]
        self.shared().answers()
    }

    /// [`scoped`](Self::scoped) of a device that is asked later whether it is lost, with errors as `explain` words them.
    pub(super) fn scoped_as<T>(
        &self,
        create: impl FnOnce() -> T,
        explain: impl FnOnce(Error) -> Error + 'static,
    ) -> Result<T> {
        self.alive()?;
        let filters = [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation];
        let [internal, memory, validation] = filters.map(|filter| self.device().push_error_scope(filter));
        // what belongs to another instance may stand for nothing here, at which wgpu panics
        #[cfg(not(target_arch = "wasm32"))]
        let created = std::panic::catch_unwind(std::panic::AssertUnwindSafe(create));
        #[cfg(target_arch = "wasm32")]
        let created = create();
        // scopes end in the reverse order; what cannot be allocated is refused as invalid too, wherever it is used
        let [validation, memory, internal] = [validation.pop(), memory.pop(), internal.pop()];
        let answers = [memory, validation, internal];
        let report = async move {
            let mut found = None;
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
        match (created, crate::gpu::transfer::block_on(report)) {
            (Ok(created), None) => Ok(created),
            (Ok(_), Some(error)) => Err(explain(error)),
            (Err(panic), _) => Err(explain(Error::Gpu(panicked(&*panic)))),
        }
    }

    /// Waits until the device has accepted or refused every call so far, and gives the first refusal, which is then forgotten.
    ///
    /// Natively every call gives its own error, and only a lost device is left for this to give. On the web a device answers
    /// after the call has returned, so that allocations, [`prepare`](Self::prepare), [`gradients`](Self::gradients) and
    /// [`Job::run`](crate::Job::run) succeed there even when the device refuses them. Every read that is started after such a
    /// call then gives the error in the place of its result, whatever it reads, for what was refused may have left zeros
    /// anywhere. Reads go on to give it until you await this, which tells that you know: what was computed since the last
    /// time that it gave no error is not to be trusted.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::InvalidShader`], [`Error::Gpu`], [`Error::DeviceLost`].
    pub async fn settled(&self) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        if let Err(error) = self.late().settled().await {
            // what was refused may be among the pipelines, which would be refused again whenever they are used
            self.kernels().forget();
            return Err(error);
        }
        self.answers()
    }
}

/// The message of a panic.
#[cfg(not(target_arch = "wasm32"))]
fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("a panic: {}", text.unwrap_or("without a word"))
}

/// The device's error as one of this library's.
fn typed(error: wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            Error::OutOfMemory("nothing is left for what a call needs beside its tensors".into())
        }
        error => Error::Gpu(error.to_string()),
    }
}
