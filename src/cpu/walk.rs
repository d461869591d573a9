//! The result of a twin's walk: the values of the unreduced loss, and gradients.

use crate::loss::OperandSpec;
use crate::term::Observation;

/// One value of the unreduced loss, and what it adds to the denominators of a mean.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Value {
    /// The loss.
    pub loss: f64,
    /// A second loss. A mean divides its sum by the sum of `count`, not of `weight`.
    pub extra: f64,
    /// The weight of the value; 0 where it takes no part.
    pub weight: f64,
    /// 1 or the value's sample weight, or 0 where the value takes no part.
    pub count: f64,
}

impl Value {
    /// A value of weight 1, without an extra loss.
    pub fn of(loss: f64) -> Value {
        Value { loss, extra: 0.0, weight: 1.0, count: 1.0 }
    }

    /// The value times its sample weight, if it takes part.
    pub fn times(self, sample: f64) -> Value {
        match self.count {
            0.0 => self,
            count => Value {
                loss: sample * self.loss,
                extra: sample * self.extra,
                weight: sample * self.weight,
                count: sample * count,
            },
        }
    }
}

/// The upstream gradients of a value: of its loss, and of its extra loss.
pub(super) type Upstream = [f64; 2];

/// A walk over a part's operands.
pub(super) trait Walk {
    /// The values of the unreduced loss.
    fn values(&self) -> &[Value];
    /// The walk of the fused loss, where the loss has one.
    fn fused_loss(&self) -> Option<&dyn Walk> {
        None
    }
    /// The sum and the denominator of an observation, or those of each class. The checks refuse an observation that the
    /// walk does not make.
    fn observed(&self, _: Observation) -> Vec<[f64; 2]> {
        Vec::new()
    }
    /// An observation that is a number for each position. The checks refuse an observation that the walk does not make.
    fn observed_positions(&self, _: Observation) -> Vec<f64> {
        Vec::new()
    }
    /// The gradient of `Σ scales·value` with respect to an operand, element by element.
    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64>;
}
