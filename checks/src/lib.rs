//! Calls of every loss, drawn from a seed and judged by the twin: what the GPU tests and `wgloss verify` share.
//!
//! The library's tests include these files by their paths: this crate turns on the library's `gpu` feature, which tests without a
//! GPU must not have.

pub mod case;
pub mod change;
pub mod chosen;
pub mod devices;
pub mod draw;
pub mod factors;
pub mod judge;
pub mod pages;
pub mod pieces;
pub mod regimes;
pub mod samples;
pub mod sharded;
pub mod thorough;
