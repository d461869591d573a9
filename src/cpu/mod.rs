//! The CPU twins: every loss in plain f64, written to be read as the definition.
//!
//! The walks mirror `shaders/geometry` by name; the mathematics of a loss lies in its own file, in [`crate::loss`]'s terms.

mod elements;
mod outcome;
mod positions;
mod regions;

pub use outcome::{Outcome, gradient_list, gradients, value};
