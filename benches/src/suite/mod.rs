//! The common parts of the benchmarks: the cases, their preparation and check, a stopwatch, and the copy to compare with.

pub mod case;
pub mod copy;
pub mod list;
mod numbers;
pub mod ready;
pub mod stopwatch;
