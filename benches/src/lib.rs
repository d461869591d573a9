//! Benchmarks of wgloss on this machine's GPU: the losses at real sizes, checked by their twins, beside a copy on the same
//! adapter and beside PyTorch.

pub mod report;
pub mod suite;
