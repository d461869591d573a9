//! The negative log-likelihood of amounts that are often exactly 0.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Tweedie loss: `e^((2−p)·x)/(2 − p) + t·e^((1−p)·x)/(p − 1)` for each element, half the deviance of a Tweedie
    /// distribution up to terms of `t` alone.
    ///
    /// `input` (x) holds logs of means and `target` (t) amounts of 0 or more, floats of one shape. With the reduction
    /// `none` the result has the shape of `input`. [`Extra::Weight`], of a shape that broadcasts to the input's,
    /// multiplies each value; a mean then divides by the sum of the weights. [`Extra::Mask`], of the input's shape,
    /// leaves out each value where it is 0. Gradients: `input`.
    ///
    /// Neither term is negative, so that nothing cancels. A target of 0 removes the second term, even where it is
    /// infinite.
    ///
    /// Paper: Jørgensen, "Exponential Dispersion Models", 1987. Reference: scikit-learn's `HalfTweedieLoss`. See also:
    /// [`PoissonNll`](crate::PoissonNll), for counts, which is the limit of p = 1.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Tweedie, cpu};
    /// let (input, target) = (Array::new(&[0.0f32], [1])?, Array::new(&[3.0f32], [1])?);
    /// // 1/½ + 3/½
    /// assert_eq!(cpu::value(&Tweedie { p: 1.5 }.of(&input, &target))?.loss()?, 8.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Tweedie of (input, target) as Pointwise {
        /// The power p of the mean that the variance is proportional to. Near 1 the distribution is nearly Poisson,
        /// near 2 nearly gamma.
        pub p: f32 = 1.5, Range::Between(1.0, 2.0);
    }
}

static HEADER: Header = Header {
    id: "tweedie",
    title: "deviance of amounts that are often 0",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("target", Role::Element).holding(Domain::Positive),
        OperandSpec::WEIGHT,
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/tweedie"),
    default: || Box::new(Tweedie::default()),
};

impl Pointwise for Tweedie {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let p = f64::from(self.p);
        let (rate, amount) = (((2.0 - p) * x).exp(), part_of(t, ((1.0 - p) * x).exp()));
        ElementScore { loss: rate / (2.0 - p) + amount / (p - 1.0), d: [rate - amount, 0.0, 0.0, 0.0] }
    }
}
