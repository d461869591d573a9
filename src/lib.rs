#![cfg_attr(feature = "gpu", doc = include_str!("../docs/crate.md"))]
#![cfg_attr(not(feature = "gpu"), doc = "Loss functions and their gradients: the CPU twins alone, without a GPU.")]

mod array;
mod check;
#[doc = include_str!("../docs/pytorch.md")]
pub mod coming_from_pytorch {}
mod compounds;
#[doc = include_str!("../docs/custom.md")]
pub mod custom_losses {}
pub mod cpu;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(test)]
mod imports;
pub mod landscape;
mod leaf;
mod loss;
mod losses;
mod math;
mod options;
#[cfg(feature = "gpu")]
mod prove;
mod random;
mod reduction;
mod role;
mod shape;
mod tasks;
mod term;

pub use array::{Array, Data, Element};
pub use compounds::*;
pub use error::{Error, Result};
#[cfg(feature = "gpu")]
pub use gpu::*;
pub use half;
pub use leaf::*;
pub use loss::*;
pub use losses::*;
pub use options::{Kind, OptionSpec, OptionType, Options, Range, Value};
#[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
pub use prove::prove;
#[cfg(feature = "gpu")]
pub use prove::{Proof, prove_async};
pub use reduction::Reduction;
pub use role::{Axis, Domain, Role, Sizes};
pub use shape::{ClassAxis, DType};
pub use tasks::{TASKS, Task};
pub use term::{Extra, Operand, PartOutcome, Scale, Term};
#[cfg(feature = "gpu")]
pub use wgpu;

/// The README: its code is tested as documentation.
#[cfg(all(doctest, feature = "gpu"))]
#[doc = include_str!("../README.md")]
struct Readme;
