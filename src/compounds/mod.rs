//! Ready-made sums of losses, each as in the paper that it names.
//!
//! Each is a struct of its losses and their weights, whose `of` returns a [`Term`](crate::Term). A term is one submission, its
//! outcome reports every part beside the total, and its weights may change at every step without a new pipeline. To make
//! another sum, add the terms yourself.

mod detection;
mod images;
mod rlhf;
mod style;

pub use detection::*;
pub use images::*;
pub use rlhf::*;
pub use style::*;
