//! The losses of `burn::nn::loss`, under the same path. [`loss`] lists the differences.

pub mod loss;
