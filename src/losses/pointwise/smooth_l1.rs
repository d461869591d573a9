//! Absolute error, smooth near 0.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

loss! {
    /// Smooth L1 loss: `d²/(2β)` where `d = |x − t|` is less than β, `d − β/2` elsewhere.
    ///
    #[doc = paired!()]
    ///
    /// With β = 0 the loss is [`L1`](crate::L1), and the derivative at 0 is 0.
    ///
    /// Paper: Girshick, "Fast R-CNN", 2015, which uses β = 1. Reference: `torch.nn.functional.smooth_l1_loss`. See
    /// also: [`Huber`](crate::Huber), which is β times this loss.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, SmoothL1, cpu};
    /// let input = Array::new(&[0.25f32, 3.0], [2])?;
    /// let target = Array::new(&[0.0f32, 0.0], [2])?;
    /// // 0.25² / (2·0.5) = 0.0625 and 3 − 0.5/2 = 2.75
    /// assert_eq!(cpu::value(&SmoothL1 { beta: 0.5 }.of(&input, &target))?.loss()?, (0.0625 + 2.75) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct SmoothL1 of (input, target) as Pointwise {
        /// The error β at which the parabola becomes a line, in units of the input.
        pub beta: f32 = 1.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "smooth_l1",
    title: "absolute error, with a parabola near 0",
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
