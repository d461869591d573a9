//! Squared error near 0, absolute error beyond.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

loss! {
    /// Huber loss: `d²/2` where `d = |x − t|` is at most δ, `δ·(d − δ/2)` elsewhere.
    ///
    #[doc = paired!()]
    ///
    /// Papers: Huber, "Robust Estimation of a Location Parameter", 1964; Holland and Welsch, "Robust Regression Using
    /// Iteratively Reweighted Least-Squares", 1977, which recommends a δ of 1.345 standard deviations of the error.
    /// Reference: `torch.nn.functional.huber_loss`. See also: [`SmoothL1`](crate::SmoothL1), which is this loss divided
    /// by δ; [`LogCosh`](crate::LogCosh).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Huber, cpu};
    /// let input = Array::new(&[0.5f32, 3.0], [2])?;
    /// let target = Array::new(&[0.0f32, 0.0], [2])?;
    /// // ½·0.5² = 0.125 and 1·(3 − ½) = 2.5
    /// assert_eq!(cpu::value(&Huber { delta: 1.0 }.of(&input, &target))?.loss()?, (0.125 + 2.5) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Huber of (input, target) as Pointwise {
        /// The error δ at which the parabola becomes a line, in units of the input.
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
