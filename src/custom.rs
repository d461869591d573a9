//! For losses of your own: a trait for the mathematics of each family, and `prove`, which tests a loss.
//!
//! A loss is four things: a struct of options, which [`loss!`](crate::loss!) writes; a static
//! [`Header`](crate::header::Header); its mathematics in Rust, an implementation of one trait of this module; and the
//! same mathematics in WGSL. The example `custom_loss` has them all.
//!
//! The trait is that of the loss's family:
//!
//! | trait | the loss has a value for | computed from |
//! |---|---|---|
//! | [`Pointwise`] | each element | up to four numbers |
//! | [`Boxes`] | each pair of boxes | their corners |
//! | [`Softmax`] | each position | a softmax over its classes |
//! | [`ClassSum`] | each position | a plain sum over its classes |
//! | [`Divergence`] | each position | two softmaxes over its classes |
//! | [`Region`] | each item and class | sums over positions |
//! | [`Vectors`] | each row | the distances between its vectors |
//! | [`Similarity`] | each row | its scores against all other rows |
//! | [`Segments`] | each pair of segments | the log-probabilities of their rows' labels |
//! | [`Hardest`] | each row | its greatest distance to a row with its label, and its least to a row with another label |
//! | [`Windows`] | each item | statistics over windows of two pictures |
//! | [`Alignments`] | each item | the probability of all alignments of its labels with its steps |
//! | [`Composite`] | | a sum of other losses |
//!
//! [`Leaf`] joins a loss with its trait. The other structs are what a trait's methods take and return.
//!
#![doc = include_str!("../docs/custom.md")]

pub use crate::leaf::*;
#[doc(no_inline)]
pub use crate::leaf::{Activation, EqualLabels, Padding};
#[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
pub use crate::prove::prove;
#[cfg(feature = "gpu")]
pub use crate::prove::{Proof, prove_async};
