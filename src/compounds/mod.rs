//! Ready-made sums of losses, each as the paper that it follows has it.
//!
//! Each is a struct of its parts and their weights, whose `of` gives a [`Term`](crate::Term): one submission, a report of
//! every part beside the total, and weights that may change from step to step without a new pipeline. Another sum is as
//! short as these: add the terms yourself.

mod detection;
mod images;
mod rlhf;
mod style;

pub use detection::*;
pub use images::*;
pub use rlhf::*;
pub use style::*;
