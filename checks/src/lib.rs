//! Calls of every loss, drawn from a seed and judged by the twin: what the GPU tests and `wgloss verify` share.
//!
//! The tests include these files by their paths, lest the library's own tests bring its `gpu` feature with them.

pub mod case;
pub mod draw;
pub mod factors;
pub mod judge;
pub mod pages;
pub mod pieces;
pub mod samples;
pub mod sweep;
pub mod thorough;
