//! The losses of `burn::nn::loss`, under the same path. [`loss`] says where they differ.

pub mod loss;
