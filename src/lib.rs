#![cfg_attr(feature = "gpu", doc = include_str!("../docs/crate.md"))]
#![cfg_attr(not(feature = "gpu"), doc = "Loss functions and their gradients: the CPU twins alone, without a GPU.")]
// docs.rs shows which feature an item needs
#![cfg_attr(docsrs, feature(doc_cfg))]

mod array;
mod broadcast;
mod check;
#[doc = include_str!("../docs/pytorch.md")]
pub mod coming_from_pytorch {}
mod compounds;
pub mod cpu;
pub mod custom;
mod define;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "gpu")]
mod gpu;
pub mod header;
#[cfg(test)]
mod imports;
pub mod landscape;
mod leaf;
mod loss;
mod losses;
mod math;
mod metrics;
mod options;
#[cfg(feature = "gpu")]
mod prove;
mod random;
mod reduction;
mod role;
mod shape;
#[cfg(any(test, feature = "fuzzing"))]
mod stand_in;
mod tasks;
mod term;

pub use array::{Array, Data, Element};
pub use compounds::*;
pub use error::{Error, Result};
#[cfg(feature = "gpu")]
pub use gpu::*;
pub use half;
pub use leaf::{Activation, EqualLabels, Padding, SmoothOver};
pub use loss::Loss;
pub use losses::*;
pub use metrics::{Accuracy, ConfusionMatrix, Metric, Predictions};
pub use reduction::Reduction;
pub use shape::{ClassAxis, DType};
pub use tasks::{TASKS, Task};
pub use term::{Extra, Observation, Operand, PartOutcome, Scale, Term};
#[cfg(feature = "gpu")]
pub use wgpu;

/// The README: its code is tested as documentation.
#[cfg(all(doctest, feature = "gpu"))]
#[doc = include_str!("../README.md")]
struct Readme;
