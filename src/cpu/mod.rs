//! The CPU twins: every loss and metric in plain f64, written to be read as the definition.
//!
//! The files mirror `shaders/geometry` and `shaders/fold` by name. A loss's own mathematics lies in its file below
//! `src/losses`.

mod alignments;
mod distance;
mod elements;
mod evaluate;
mod fold;
mod gram;
mod hardest;
mod levels;
mod linear;
mod memory;
mod neighbours;
mod observed;
mod outcome;
mod positions;
mod predictions;
mod reduce;
mod regions;
mod segments;
mod sequences;
mod similarity;
mod softcap;
mod softmax;
mod unit;
mod vectors;
mod walk;
mod windows;

pub use evaluate::{gradient_list, gradients, statistics, value};
pub use memory::set_memory_bound;
pub use outcome::Outcome;
pub use predictions::{accuracy, confusion_matrix};
