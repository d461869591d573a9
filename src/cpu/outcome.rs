//! The result of evaluating a term on the CPU.

use crate::array::Array;
use crate::error::Result;
use crate::term::{PartOutcome, not_reduced};

/// The loss of a term, and the results of its parts.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(super) tensor: Array,
    pub(super) parts: Vec<PartOutcome>,
    pub(super) observed: Vec<(String, Array)>,
    pub(super) reduced: bool,
}

impl Outcome {
    /// The loss.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) where the term is not reduced: see [`tensor`](Self::tensor).
    pub fn loss(&self) -> Result<f64> {
        match self.tensor.to_f64().first() {
            Some(&loss) if self.reduced => Ok(loss),
            _ => Err(not_reduced()),
        }
    }

    /// The loss as a tensor: of shape `[]`, or of the loss's shape where the term is not reduced.
    pub fn tensor(&self) -> &Array {
        &self.tensor
    }

    /// The parts of the term, in order. Where the term is not reduced, each sum is the sum of the values.
    pub fn parts(&self) -> &[PartOutcome] {
        &self.parts
    }

    /// The [observations](crate::Observation) that have a number for each position, with their names, such as
    /// `cross_entropy.predicted`. They are in the order of the parts, and within a part in the order of the observations.
    pub fn observed(&self) -> &[(String, Array)] {
        &self.observed
    }
}
