//! The CPU twins: every loss in plain f64, written to be read as the definition.
//!
//! The walks mirror `shaders/geometry` and `shaders/fold` by name; the mathematics of a loss lies in its own file, in [`crate::loss`]'s terms.

mod elements;
mod fold;
mod gram;
mod linear;
mod memory;
mod outcome;
mod positions;
mod regions;
mod similarity;
mod vectors;

pub use memory::set_memory_bound;
pub use outcome::{Outcome, gradient_list, gradients, statistics, value};
