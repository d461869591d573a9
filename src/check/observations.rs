//! Checks of the observations of a part.

use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::term::{Observation, Operand, Part};

/// Refuses observations that the loss cannot make.
pub(super) fn check<T: Operand>(part: &Part<T>) -> Result<()> {
    let top = |observation: &&Observation| matches!(observation, Observation::TopK(_));
    let second = part.observations.iter().filter(top).nth(1);
    for observation in &part.observations {
        let expected = match (part.loss.leaf(), observation) {
            (_, Observation::TopK(0)) => "a number of classes ≥ 1",
            (_, top) if second == Some(top) => "one number of classes, not a second",
            (Leaf::Softmax(_), _) if part.classes_from.is_some() => {
                "a loss of whole rows, not of a shard of their classes"
            }
            (Leaf::Softmax(_), _) if observation.needs_label() && part.is_dense() => {
                "labels, not probabilities, as the target"
            }
            (Leaf::Softmax(_), _) => continue,
            _ => "a loss of a softmax over classes",
        };
        let (loss, option) = (part.loss.header().id, "observe".into());
        return Err(Error::InvalidOption { loss, option, value: observation.name(), expected: expected.into() });
    }
    Ok(())
}
