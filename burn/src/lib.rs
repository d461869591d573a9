//! wgloss's losses on Burn's tensors.

mod autodiff;
mod call;
mod cube;
mod device;
mod error;
mod extension;
mod jobs;
mod lend;
mod lock;
mod loss;
pub mod nn;
mod operand;
mod report;

#[cfg(not(target_family = "wasm"))]
pub use device::init;
pub use device::{forget_jobs, register};
pub use error::{Error, Result};
pub use loss::{BurnLoss, BurnTerm};
pub use operand::{IntoOperands, Operand};
pub use report::Report;
pub use wgloss;
