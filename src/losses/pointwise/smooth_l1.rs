//! Absolute error, rounded near 0.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

crate::loss! {
    /// Smooth L1: `d²/2β` where `d = |x − t|` is less than β, `d − β/2` beyond.
    ///
    /// `input` and `target` have one shape and are both differentiable. By an optional [`Extra::Weight`] `none` and `sum`
    /// are multiplied, a mean being `Σ w·l / Σ w`. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// Under a β of 0 it is [`L1`](crate::L1), with its derivative of 0 at 0.
    ///
    /// Paper: Girshick, "Fast R-CNN", 2015. Reference: `torch.nn.functional.smooth_l1_loss`. Neighbours:
    /// [`Huber`](crate::Huber), which is β times this.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct SmoothL1 of (input, target) as Pointwise {
        /// Where the parabola becomes a line, in units of the input.
        pub beta: f32 = 1.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "smooth_l1",
    title: "absolute error, rounded near 0",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/smooth_l1"),
    default: || Box::new(SmoothL1::default()),
};

impl Pointwise for SmoothL1 {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (d, beta) = (x - t, f64::from(self.beta));
        let (loss, slope) = match d.abs() < beta {
            true => (d * d / (2.0 * beta), d / beta),
            false => (d.abs() - beta / 2.0, sign(d)),
        };
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
