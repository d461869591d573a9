//! Losses on the GPU: a context, tensors in its memory, and three ways to call the kernels.

mod adapter;
mod bind;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod case;
mod context;
mod declared;
mod device;
mod files;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod foreign;
mod job;
mod kernel;
#[cfg(any(target_arch = "wasm32", test))]
mod late;
mod lock;
#[cfg(feature = "mutable-shaders")]
mod mutable;
mod outcome;
mod outputs;
mod own_params;
mod params;
mod pipelines;
pub(crate) mod plan;
mod rewrite;
mod scopes;
mod specialise;
mod sums;
mod tensor;
#[cfg(test)]
mod tests;
mod transfer;

#[cfg(not(target_arch = "wasm32"))]
pub use adapter::adapters;
pub use adapter::{AdapterReport, adapters_async};
pub use context::Gpu;
pub use job::Job;
pub use outcome::Outcome;
pub use outputs::{Gradient, Outputs};
pub use tensor::{Tensor, ToGpu};
pub use transfer::Read;
