//! Losses on the GPU: a context, tensors in its memory, and three doors to the same kernels.

mod adapter;
mod bind;
mod context;
mod files;
mod job;
mod kernel;
mod outcome;
mod outputs;
mod own_params;
mod params;
mod plan;
mod rewrite;
mod specialise;
mod tensor;
#[cfg(test)]
mod tests;
mod transfer;

pub use adapter::{AdapterReport, adapters};
pub use context::Gpu;
pub use job::Job;
pub use outcome::Outcome;
pub use outputs::{Gradient, Outputs};
pub use tensor::{Tensor, ToGpu};
pub use transfer::Read;
