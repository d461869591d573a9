//! The observations that each position has of its own, of all parts of a term, and their tensors.

use crate::check::Checked;
use crate::error::Result;
use crate::gpu::tensor::Tensor;
use crate::shape::DType;
use crate::term::{Observation, Part};

/// An observation of a part's positions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observed {
    /// The index of its part.
    pub part: usize,
    pub observation: Observation,
    /// Its name in the outcome.
    pub name: String,
    /// The shape and the dtype of its tensor.
    pub shape: Vec<usize>,
    pub dtype: DType,
}

/// The observations of positions of all parts, in the order of an outcome.
pub(super) fn of_parts(parts: &[Part<Tensor>], checked: &[Checked]) -> Vec<Observed> {
    let of_part = |(place, (part, checked)): (usize, (&Part<Tensor>, &Checked))| {
        let shape = checked.loss_shape.clone();
        let observed = part.observed_positions().map(move |(observation, name)| Observed {
            part: place,
            observation,
            name,
            shape: shape.clone(),
            dtype: if observation == Observation::Predicted { DType::U32 } else { DType::F32 },
        });
        observed.collect::<Vec<_>>()
    };
    parts.iter().zip(checked).enumerate().flat_map(of_part).collect()
}

/// The tensor of each: the caller's; of a job whose place another takes the one that it made itself, if it fits; or one that `make`
/// makes.
pub(super) fn tensors(
    observed: &[Observed],
    given: &[Tensor],
    own: &[(String, Tensor)],
    make: impl Fn(&Observed) -> Result<Tensor>,
) -> Result<Vec<Tensor>> {
    let tensor = |(place, observed): (usize, &Observed)| {
        let fits = |(name, own): &&(String, Tensor)| *name == observed.name && own.shape() == observed.shape;
        match (given.get(place), own.iter().find(fits)) {
            (Some(tensor), _) | (None, Some((_, tensor))) => Ok(tensor.clone()),
            (None, None) => make(observed),
        }
    };
    observed.iter().enumerate().map(tensor).collect()
}
