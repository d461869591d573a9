//! What both benchmarks share: the cases, their preparation and check, a stopwatch, and the copy that rates are shares of.

pub mod case;
pub mod copy;
pub mod list;
mod numbers;
pub mod ready;
pub mod stopwatch;
