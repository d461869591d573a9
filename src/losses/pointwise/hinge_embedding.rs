//! Distances that should be small, or greater than a margin.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Hinge embedding loss: `x` where the target is 1, `max(0, margin − x)` where it is −1.
    ///
    /// `input` holds floats, usually distances, and `target` floats or integers of its shape, 1 or −1. With the
    /// reduction `none` the result has the shape of `input`. [`Extra::Mask`], of this shape, leaves out each value
    /// where it is 0. Gradients: `input`.
    ///
    /// As in PyTorch, a target that is neither 1 nor −1 adds both terms, and the derivative is −1 where `x` equals the
    /// margin.
    ///
    /// Reference: `torch.nn.functional.hinge_embedding_loss`. See also: [`Contrastive`](crate::Contrastive) and
    /// [`CosineEmbedding`](crate::CosineEmbedding), which take the vectors themselves.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, HingeEmbedding, cpu};
    /// let distances = Array::new(&[0.25f32, 0.25], [2])?;
    /// let target = Array::new(&[1.0f32, -1.0], [2])?;
    /// // the distance of the similar pair, and the margin less that of the other pair
    /// assert_eq!(cpu::value(&HingeEmbedding::default().of(&distances, &target))?.loss()?, (0.25 + 0.75) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct HingeEmbedding of (input, target) as Pointwise {
        /// The distance beyond which a pair with target −1 costs nothing, in units of the input.
        pub margin: f32 = 1.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "hinge_embedding",
    title: "distances that are to be small or large",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Sign).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
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
