//! A number of a call: known when the call is made, or held by a tensor.

use super::operand::Operand;

/// A number that is known now, or a tensor that holds it when the work runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale<T> {
    /// A number.
    Number(f32),
    /// A tensor of one element. The upstream gradient of an unreduced loss has the loss's shape instead.
    Tensor(T),
}

impl<T> From<f32> for Scale<T> {
    fn from(number: f32) -> Scale<T> {
        Scale::Number(number)
    }
}

/// The number is stored as `f32`.
impl<T> From<f64> for Scale<T> {
    fn from(number: f64) -> Scale<T> {
        Scale::Number(number as f32)
    }
}

impl<T: Operand> From<&T> for Scale<T> {
    fn from(tensor: &T) -> Scale<T> {
        Scale::Tensor(tensor.clone())
    }
}
