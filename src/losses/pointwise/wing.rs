//! The log of the error near 0, the absolute error beyond.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

loss! {
    /// Wing loss: `w·log(1 + d/ε)` where `d = |x − t|` is less than `w`, `d − w + w·log(1 + w/ε)` elsewhere.
    ///
    #[doc = paired!()]
    ///
    /// The derivative is `±w/(ε + d)` where `d` is less than `w`, so that small errors count more than in
    /// [`L1`](crate::L1), and ±1 elsewhere. At 0 it is 0. `d − w` is computed first, so that no digits are lost where
    /// the two pieces meet.
    ///
    /// Paper: Feng et al., "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural Networks", 2018,
    /// which uses w = 10 and ε = 2 for landmarks in pixels. See also: [`SmoothL1`](crate::SmoothL1), which makes small
    /// errors count less.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Wing, cpu};
    /// let (input, target) = (Array::new(&[2.0f32, 14.0], [2])?, Array::new(&[0.0f32, 0.0], [2])?);
    /// // 10·log 2, and 14 − 10 + 10·log 6
    /// let loss = cpu::value(&Wing::default().of(&input, &target))?.loss()?;
    /// assert!((loss - (10.0 * 12f64.ln() + 4.0) / 2.0).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Wing of (input, target) as Pointwise {
        /// The error w at which the logarithm becomes a line, in units of the input.
        pub w: f32 = 10.0, Range::Above(0.0);
        /// The scale ε of errors in the logarithm, in units of the input: near 0 the slope is `w/ε`.
        pub epsilon: f32 = 2.0, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "wing",
    title: "log of the error near 0, absolute error beyond",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/wing"),
    default: || Box::new(Wing::default()),
};

impl Pointwise for Wing {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (d, w, epsilon) = (x - t, f64::from(self.w), f64::from(self.epsilon));
        let (loss, slope) = match d.abs() < w {
            true => (w * (d.abs() / epsilon).ln_1p(), sign(d) * w / (epsilon + d.abs())),
            false => (d.abs() - w + w * (w / epsilon).ln_1p(), sign(d)),
        };
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
