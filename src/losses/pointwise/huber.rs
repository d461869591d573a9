//! Squared error near 0, absolute error beyond.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

crate::loss! {
    /// Huber loss: `d²/2` where `d = |x − t|` is at most δ, `δ·(d − δ/2)` beyond.
    ///
    /// `input` and `target` have one shape and are both differentiable. By an optional [`Extra::Weight`] `none` and `sum`
    /// are multiplied, a mean being `Σ w·l / Σ w`. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// Paper: Huber, "Robust Estimation of a Location Parameter", 1964. Reference: `torch.nn.functional.huber_loss`.
    /// Neighbours: [`SmoothL1`](crate::SmoothL1), which is this over δ; [`LogCosh`](crate::LogCosh).
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Huber of (input, target) as Pointwise {
        /// Where the parabola becomes a line, in units of the input.
        pub delta: f32 = 1.0, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "huber",
    title: "squared error near 0, absolute error beyond",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/huber"),
    default: || Box::new(Huber::default()),
};

impl Pointwise for Huber {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (d, delta) = (x - t, f64::from(self.delta));
        let (loss, slope) = match d.abs() <= delta {
            true => (d * d / 2.0, d),
            false => (delta * (d.abs() - delta / 2.0), delta * sign(d)),
        };
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
