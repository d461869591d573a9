//! wgloss in a browser: losses and their gradients on the browser's GPU, called from JavaScript with typed arrays.
//!
//! The README has the documentation. The TypeScript types describe every call; the build writes part of them from the
//! headers of the losses.

mod adapter;
mod answer;
mod call;
mod catalogue;
mod error;
mod gpu;
mod job;
mod js;
mod tensor;
mod twin;
mod types;
#[cfg(feature = "page")]
mod verify;

pub use catalogue::{losses, tasks};
pub use gpu::Gpu;
pub use job::Job;
pub use twin::twin;
