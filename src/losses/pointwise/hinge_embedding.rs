//! Distances that are to be small or beyond a margin.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Hinge embedding loss: `x` where the target is 1, `max(0, margin − x)` where it is −1.
    ///
    /// `input`, usually distances, and `target` have one shape; targets are 1 and −1. An [`Extra::Mask`] leaves out what
    /// it is zero for.
    ///
    /// As in PyTorch a target that is neither counts as both, and the derivative is −1 where `x` is the margin.
    ///
    /// Reference: `torch.nn.functional.hinge_embedding_loss`. Neighbours: [`Contrastive`](crate::Contrastive) and
    /// [`CosineEmbedding`](crate::CosineEmbedding), of the vectors themselves.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct HingeEmbedding of (input, target) as Pointwise {
        /// How far apart what is unlike has to be.
        pub margin: f32 = 1.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "hinge_embedding",
    title: "distances that are to be small or large",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Sign),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/hinge_embedding"),
    default: || Box::new(HingeEmbedding::default()),
};

impl Pointwise for HingeEmbedding {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let gap = f64::from(self.margin) - x;
        let like = if t != -1.0 { (x, 1.0) } else { (0.0, 0.0) };
        let unlike = if t != 1.0 && gap >= 0.0 { (gap, -1.0) } else { (0.0, 0.0) };
        ElementScore { loss: like.0 + unlike.0, d: [like.1 + unlike.1, 0.0, 0.0, 0.0] }
    }
}
