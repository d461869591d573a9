//! The loss of the whole.

use wgloss::PartOutcome;

/// The loss of all ranks' shards together. It has the same bits on every rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    loss: f64,
    parts: Vec<PartOutcome>,
}

impl Outcome {
    pub(crate) fn of(parts: Vec<PartOutcome>) -> Outcome {
        // a mean over nothing is NaN, whatever the sum
        let mean = |part: &PartOutcome| if part.denominator == 0.0 { f64::NAN } else { part.sum / part.denominator };
        Outcome { loss: parts.iter().map(|part| part.weight * mean(part)).sum(), parts }
    }

    /// The loss.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// The parts of the term, in order, with the sums and denominators of the whole.
    pub fn parts(&self) -> &[PartOutcome] {
        &self.parts
    }
}
