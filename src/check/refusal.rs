//! The error for a wrong shape, which most checks use.

use crate::error::Error;
use crate::loss::Header;
use crate::term::Operand;

/// The error for an operand of a wrong shape.
pub(super) fn mismatch<T: Operand>(header: &Header, operand: &str, expected: String, got: &T) -> Error {
    Error::ShapeMismatch { loss: header.id, operand: operand.into(), expected, got: got.shape().to_vec() }
}
