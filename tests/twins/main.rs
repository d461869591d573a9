//! The CPU twins against mathematics alone: slopes, hard points, refusals, sums. No GPU, and no feature that has one.

#[path = "../common/mod.rs"]
mod common;
mod hard_points;
mod point;
mod refusals;
mod slopes;
mod sums;
