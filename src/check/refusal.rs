//! The refusal of a shape, which most checks end with.

use crate::error::Error;
use crate::loss::Header;
use crate::term::Operand;

/// Refuses an operand's shape.
pub(super) fn mismatch<T: Operand>(header: &Header, operand: &str, expected: String, got: &T) -> Error {
    Error::ShapeMismatch { loss: header.id, operand: operand.into(), expected, got: got.shape().to_vec() }
}
