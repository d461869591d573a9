//! wgloss in a browser: losses and their gradients on its GPU, called from JavaScript with typed arrays.
//!
//! The README is the page of documentation. The TypeScript types, part of which the build writes
//! from the headers of the losses, describe every call.

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
