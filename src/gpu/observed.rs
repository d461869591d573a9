//! The observations of a term that are tensors, with a number for each position.

use crate::check::Checked;
use crate::error::Result;
use crate::gpu::tensor::Tensor;
use crate::shape::DType;
use crate::term::{Observation, Part};

/// An observation of a part's positions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ObservedTensor {
    /// The index of its part.
    pub part: usize,
    pub observation: Observation,
    /// Its name in the outcome.
    pub name: String,
    /// The shape and the dtype of its tensor.
    pub shape: Vec<usize>,
    pub dtype: DType,
}

/// The observations of all parts that are tensors, in the order of an outcome.
pub(super) fn of_parts(parts: &[Part<Tensor>], checked: &[Checked]) -> Vec<ObservedTensor> {
    let of_part = |(place, (part, checked)): (usize, (&Part<Tensor>, &Checked))| {
        let shape = checked.loss_shape.clone();
        let observed = part.observed_positions().map(move |(observation, name)| ObservedTensor {
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

/// The tensor for each observation: the one that the caller gave (`given`); or else the one that a replaced job made for the
/// observation in this place (`own`), if its shape and dtype fit; or else a new one from `make`.
pub(super) fn tensors<'a>(
    observed: &[ObservedTensor],
    given: &[Tensor],
    own: impl Fn(usize) -> Option<&'a Tensor>,
    make: impl Fn(&ObservedTensor) -> Result<Tensor>,
) -> Result<Vec<Tensor>> {
    let tensor = |(place, observed): (usize, &ObservedTensor)| {
        let own = || own(place).filter(|own| own.shape() == observed.shape && own.dtype() == observed.dtype);
        match given.get(place).or_else(own) {
            Some(tensor) => Ok(tensor.clone()),
            None => make(observed),
        }
    };
    observed.iter().enumerate().map(tensor).collect()
}
