//! The pinball loss of quantile regression.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Quantile (pinball) loss: `max(q·(t − x), (q − 1)·(t − x))` for each element and its quantile `q`.
    ///
    /// `input` is `[..., Q]`, floats: a prediction for each of the `Q` quantiles. `target` is `[...]`, floats: one
    /// number for all quantiles. With the reduction `none` the result has the shape of `input`. [`Extra::Mask`], of
    /// this shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// Where prediction and target are equal, the derivative is the mean of the two slopes, `½ − q`.
    ///
    /// Paper: Koenker and Bassett, "Regression Quantiles", 1978. See also: [`L1`](crate::L1), which is twice the loss
    /// of the median.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Quantile, cpu};
    /// let input = Array::new(&[1.0f32, 2.0, 4.0], [1, 3])?;
    /// let target = Array::new(&[2.0f32], [1])?;
    /// // ¼·1 for a prediction too low, 0, and (1 − ¾)·2 for one too high
    /// let loss = Quantile { quantiles: vec![0.25, 0.5, 0.75] }.of(&input, &target);
    /// assert_eq!(cpu::value(&loss)?.loss()?, (0.25 + 0.0 + 0.5) / 3.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Quantile of (input, target) as Pointwise {
        /// The quantiles, one for each index along the last axis of the input.
        pub quantiles: Vec<f32> = vec![0.5], Range::Between(0.0, 1.0);
    }
}

static HEADER: Header = Header {
    id: "quantile",
    title: "pinball loss of several quantiles at once",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/quantile"),
    default: || Box::new(Quantile::default()),
};

impl Pointwise for Quantile {
    fn columns(&self) -> Option<&[f32]> {
        Some(&self.quantiles)
    }

    fn score(&self, [x, t, q, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let d = t - x;
        let slope = match d {
            0.0 => 0.5 - q,
            d if d > 0.0 => -q,
            _ => 1.0 - q,
        };
        let loss = if d > 0.0 { q * d } else { (q - 1.0) * d };
        ElementScore { loss, d: [slope, 0.0, 0.0, 0.0] }
    }
}
