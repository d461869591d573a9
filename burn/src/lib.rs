#![doc = include_str!("../README.md")]
// docs.rs shows beside an item which feature it needs
#![cfg_attr(docsrs, feature(doc_cfg))]

mod autodiff;
mod call;
mod cube;
mod device;
mod error;
mod extension;
mod jobs;
mod layout;
mod lend;
mod lock;
mod loss;
pub mod nn;
mod operand;
mod plans;
mod report;

#[cfg(not(target_family = "wasm"))]
pub use device::init;
pub use device::{forget_jobs, gpu, register};
pub use error::{Error, Result};
pub use loss::{BurnLoss, BurnTerm};
pub use operand::{IntoOperands, Operand};
pub use report::Report;
pub use wgloss;
