//! The style loss of Gram matrices.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::Mse;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Style loss: the squared difference of Gram matrices, `G = F·Fᵀ / (C·S)` for the channels `F`, `[C, S]`, of each item.
    ///
    /// `input` and `target` are feature maps, `[N, C, ...]`, or with the class axis last. `none` is `[N, C, C]`; a mean divides
    /// by `N·C·C`. The target's matrices are computed beside the input's; neither is differentiated through the target.
    ///
    /// Sums over positions are cut into short ones that merge. Without positions there is no value: a mean is NaN, a sum 0. A channel that holds an
    /// infinity counts as one of NaN.
    ///
    /// Paper: Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", 2016. Neighbours:
    /// [`Mse`](crate::Mse) of the features themselves, the content loss.
    pub struct GramStyle of (input, target) as Gram {}
}

static HEADER: Header = Header {
    id: "gram_style",
    title: "squared difference of Gram matrices",
    operands: &[OperandSpec::new("input", Role::Channels).differentiable(), OperandSpec::new("target", Role::Channels)],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    // the leaf is that of numbers which are given
    shader: source!("losses/pointwise/mse"),
    default: || Box::new(GramStyle::default()),
};

impl Pointwise for GramStyle {
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore {
        Mse::default().score(v, item)
    }
}
