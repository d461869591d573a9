//! Losses on the GPU: a context, tensors in its memory, and three ways to call the kernels.

mod adapter;
mod bind;
mod blame;
mod build;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod case;
mod choices;
mod compile;
mod context;
mod counts;
mod declared;
mod device;
mod doors;
mod driver_cache;
mod explain;
mod foreign;
mod job;
mod kernel;
#[cfg(any(target_arch = "wasm32", test))]
mod late;
mod link;
mod lock;
mod matrices;
mod memory;
#[cfg(feature = "mutable-shaders")]
mod mutable;
mod namespace;
mod numbers;
mod observed;
mod outcome;
mod outputs;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod outside_leaf;
mod own_params;
mod params;
mod part_tensors;
mod pipelines;
pub(crate) mod plan;
mod pool;
mod recent;
mod recipe;
mod scopes;
#[cfg(test)]
mod seam;
mod shaders;
mod stored;
mod sums;
mod target;
mod tensor;
#[cfg(test)]
mod tests;
mod transfer;
mod unroll;
mod verdict;
#[cfg(not(target_arch = "wasm32"))]
mod wait;

#[cfg(not(target_arch = "wasm32"))]
pub use adapter::adapters;
pub use adapter::{AdapterReport, adapters_async};
pub use context::Gpu;
pub use counts::Counts;
pub use explain::{BindingReport, KernelReport};
pub use job::Job;
pub use outcome::Outcome;
pub use outputs::{Gradient, Outputs, PartSums};
pub use tensor::{Tensor, ToGpu};
pub use transfer::Read;
