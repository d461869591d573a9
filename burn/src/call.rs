//! An operation without its tensors: a term whose operands are places in the list of tensors.

use crate::error::Result;
use crate::operand::Operand;
use std::sync::{Arc, Mutex};
use wgloss::header::Role;
use wgloss::{ClassAxis, DType, Job, Loss, Operand as _, Term};

/// The job that computed a loss, once it has run. Behind fusion that is later than the call.
pub(crate) type Ran = Arc<Mutex<Option<Arc<Job>>>>;

/// A term to evaluate.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) term: Arc<Term<Place>>,
    /// The tensors that may be read where they lie with their class axis last.
    pub(crate) turnable: Vec<bool>,
    /// The shape of the loss as a tensor of Burn.
    pub(crate) shape: Vec<usize>,
    /// Where a report looks for the job.
    pub(crate) ran: Option<Ran>,
}

/// Which tensor of an operation stands in a place of a term.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub index: usize,
    pub shape: Vec<usize>,
    pub dtype: DType,
    pub class_axis: ClassAxis,
}

impl Place {
    /// The place of a tensor.
    pub fn of(index: usize, operand: &Operand) -> Place {
        let (shape, dtype, class_axis) = (operand.shape().to_vec(), operand.dtype(), operand.class_axis());
        Place { index, shape, dtype, class_axis }
    }
}

impl wgloss::Operand for Place {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn class_axis(&self) -> ClassAxis {
        self.class_axis
    }
    fn is(&self, other: &Place) -> bool {
        self.index == other.index
    }
}

impl Call {
    /// The different tensors of a term, and the term with their places in that list.
    pub(crate) fn places(term: &Term<Operand>) -> Result<(Vec<Operand>, Term<Place>)> {
        let mut operands: Vec<Operand> = Vec::new();
        let places = term.map(|operand| {
            let index = operands.iter().position(|known| known.is(operand)).unwrap_or(operands.len());
            if index == operands.len() {
                operands.push(operand.clone());
            }
            Ok(Place::of(index, operand))
        })?;
        Ok((operands, places))
    }
}

/// Whether a tensor `[N, C, ...]` may be read with its class axis last, where it lies so in memory: everywhere in the term it
/// is a prediction with a class axis, and no other operand follows its layout.
pub(crate) fn is_turnable(term: &Term<Operand>, operand: &Operand) -> bool {
    let role = |loss: &dyn Loss, name: &str| loss.header().operand(name).map(|spec| spec.role);
    let follows = |of: &dyn Loss| {
        let own = term.operands().filter(|(loss, ..)| *loss == of).filter(|(_, _, other)| !other.is(operand));
        own.into_iter().any(|(loss, name, other)| match role(loss, name) {
            Some(Role::Target) => other.dtype().is_float(),
            Some(Role::Classes | Role::Dense | Role::Element) => true,
            _ => false,
        })
    };
    let mut places = term.operands().filter(|(_, _, place)| place.is(operand)).peekable();
    // a denominator stands in no place of a loss
    operand.class_axis() == ClassAxis::Second
        && places.peek().is_some()
        && places.all(|(loss, name, _)| role(loss, name) == Some(Role::Classes) && !follows(loss))
}
