//! The clipped value regression of proximal policy optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Clipped value loss: `½·max((v − R)², (c − R)²)` for each element, with the return `R` and the clipped value
    /// `c = old + clamp(v − old, −clip, clip)`.
    ///
    /// `values` (v), `old_values` and `returns` are floats of one shape. With the reduction `none` the result has the
    /// shape of `values`. [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients: `values`.
    ///
    /// For `[B, T]`, the reduction `sequence_mean` takes, for each row, the mean of its values that take part, or 0 if
    /// none does, and then the mean over rows.
    ///
    /// Where the value is not clipped, which includes the bounds, the derivative is `v − R`. Where it is clipped, the
    /// derivative is `v − R` if `(v − R)²` is the greater square, 0 if `(c − R)²` is, and half of `v − R` if the two
    /// are equal.
    ///
    /// Paper: Schulman et al., "Proximal Policy Optimization Algorithms", 2017. Its authors' code, OpenAI Baselines,
    /// clips the values by 0.2, as it clips the policy. See also: [`PpoPolicy`](crate::PpoPolicy);
    /// [`KlPenalty`](crate::KlPenalty); [`Rlhf`](crate::Rlhf), the sum of the three.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, PpoValue, cpu};
    /// let of = |x: f32| Array::new(&[x], [1]);
    /// // the value is right, but it moved by 2: the clipped one, 0.25, counts with its error of 1.75
    /// let loss = PpoValue { clip: 0.25 }.of(&of(2.0)?, &of(0.0)?, &of(2.0)?);
    /// assert_eq!(cpu::value(&loss)?.loss()?, 0.5 * 1.75 * 1.75);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct PpoValue of (values, old_values, returns) as Pointwise {
        /// How far a value may move from the old one, in units of the values.
        pub clip: f32 = 0.2, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "ppo_value",
    title: "clipped value regression",
    operands: &[
        OperandSpec::new("values", Role::Element).differentiable(),
        OperandSpec::new("old_values", Role::Element),
        OperandSpec::new("returns", Role::Element),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::SEQUENCED,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/ppo_value"),
    default: || Box::new(PpoValue::default()),
};

impl Pointwise for PpoValue {
    fn score(&self, [v, old, returns, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let clip = f64::from(self.clip);
        let inside = (v - old).abs() <= clip;
        let clipped = if inside { v } else { old + (v - old).clamp(-clip, clip) };
        let (own, other) = (v - returns, clipped - returns);
        let slope = match (own.abs(), other.abs()) {
            _ if inside => own,
            (a, b) if a == b => 0.5 * own,
            (a, b) if a < b => 0.0,
            _ => own,
        };
        ElementScore {
            // where an infinity makes either difference unknown, so is the loss
            loss: 0.5 * if own.abs() < other.abs() || other.is_nan() { other * other } else { own * own },
            d: [slope, 0.0, 0.0, 0.0],
        }
    }
}
