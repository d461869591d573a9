//! Drop-in modules with the names and signatures of `burn::nn`.

pub mod loss;
