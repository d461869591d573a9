//! Checks of the observations of a part.

use crate::error::{Error, Result};
use crate::term::{Observation, Observed, Operand, Part};

/// Refuses observations that the loss cannot make.
pub(super) fn check<T: Operand>(part: &Part<T>) -> Result<()> {
    let top = |observation: &&Observation| matches!(observation, Observation::TopK(_));
    let second = part.observations.iter().filter(top).nth(1);
    for observation in &part.observations {
        let observed = Observed::of(&*part.loss);
        let expected = match observed {
            None => "a loss of a softmax, of logits of yes-or-no questions or of regions",
            Some(observed) if !observation.is_of(&*part.loss) => observed.names(),
            _ if *observation == Observation::TopK(0) => "a number of classes ≥ 1",
            _ if second == Some(observation) => "one number of classes, not a second",
            Some(Observed::Softmax) if top(&observation) && (part.classes_from.is_some() || part.among.is_some()) => {
                "a loss of whole rows: a shard of their classes is counted before the label's logit is known"
            }
            Some(Observed::Softmax) if observation.needs_label() && part.is_dense() => {
                "labels, not probabilities, as the target"
            }
            _ => continue,
        };
        let (loss, option) = (part.loss.header().id, "observe".into());
        return Err(Error::InvalidOption { loss, option, value: observation.name(), expected: expected.into() });
    }
    Ok(())
}
