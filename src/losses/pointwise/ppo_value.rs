//! The clipped value regression of proximal policy optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Clipped value loss: `½·max((v − R)², (v_c − R)²)` for each element, `v_c` being the value held within `clip` of the
    /// old one.
    ///
    /// `values`, `old_values` and `returns` have one shape. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// Where the two squares are equal each has half the derivative; a value that is not clipped, its bounds included, is
    /// its own `v_c`.
    ///
    /// Paper: Schulman et al., "Proximal Policy Optimization Algorithms", 2017. Neighbours:
    /// [`PpoPolicy`](crate::PpoPolicy); [`Rlhf`](crate::Rlhf), the sum.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct PpoValue of (values, old_values, returns) as Pointwise {
        /// How far a value may move from the old one, in units of the value.
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
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
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
            loss: 0.5 * if own.abs() < other.abs() { other * other } else { own * own },
            d: [slope, 0.0, 0.0, 0.0],
        }
    }
}
