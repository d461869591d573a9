//! The pinball loss of quantile regression.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Quantile (pinball) loss: `max(q·(t − x), (q − 1)·(t − x))` for each element and its quantile.
    ///
    /// `input` is `[..., Q]`, a prediction for each of `Q` quantiles; `target` is `[...]`, one number for all of them.
    /// `none` has the input's shape, as has an [`Extra::Mask`], which leaves out what it is zero for.
    ///
    /// Where prediction and target are equal the derivative is the mean of the two slopes, `½ − q`.
    ///
    /// Paper: Koenker & Bassett, "Regression Quantiles", 1978. Neighbours: [`L1`](crate::L1), twice which the loss of the
    /// median is.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) where the last axis of `input` is not as long as `quantiles`.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Quantile of (input, target) as Pointwise {
        /// The quantiles, in the order of the last axis.
        pub quantiles: Vec<f32> = vec![0.5], Range::Between(0.0, 1.0);
    }
}

static HEADER: Header = Header {
    id: "quantile",
    title: "pinball loss of several quantiles at once",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row),
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
