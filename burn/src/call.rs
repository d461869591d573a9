//! An operation without its tensors: a term whose operands are indices into a list of tensors.

use crate::error::Result;
use crate::operand::Operand;
use std::sync::{Arc, Mutex};
use wgloss::header::Role;
use wgloss::{ClassAxis, DType, Job, Loss, Operand as _, Term};

/// The job that computed a loss; `None` until the job has run. With fusion it runs later than the call.
pub(crate) type Ran = Arc<Mutex<Option<Arc<Job>>>>;

/// A term to evaluate.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) term: Arc<Term<IndexedOperand>>,
    /// For each tensor, whether it may be read with its class axis last, if it lies so in memory.
    pub(crate) turnable: Vec<bool>,
    /// The shape of the loss tensor in Burn.
    pub(crate) shape: Vec<usize>,
    /// Where a report finds the job.
    pub(crate) ran: Option<Ran>,
}

/// An operand of a term: `index` says which tensor of the operation it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IndexedOperand {
    pub index: usize,
    pub shape: Vec<usize>,
    pub dtype: DType,
    pub class_axis: ClassAxis,
}

impl IndexedOperand {
    /// The operand that is the tensor with this index.
    pub fn of(index: usize, operand: &Operand) -> IndexedOperand {
        let (shape, dtype, class_axis) = (operand.shape().to_vec(), operand.dtype(), operand.class_axis());
        IndexedOperand { index, shape, dtype, class_axis }
    }
}

impl wgloss::Operand for IndexedOperand {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn class_axis(&self) -> ClassAxis {
        self.class_axis
    }
    fn is(&self, other: &IndexedOperand) -> bool {
        self.index == other.index
    }
}

impl Call {
    /// Returns the different tensors of a term, and the term with an `IndexedOperand` for each operand.
    pub(crate) fn places(term: &Term<Operand>) -> Result<(Vec<Operand>, Term<IndexedOperand>)> {
        let mut operands: Vec<Operand> = Vec::new();
        let places = term.map(|operand| {
            let index = operands.iter().position(|known| known.is(operand)).unwrap_or(operands.len());
            if index == operands.len() {
                operands.push(operand.clone());
            }
            Ok(IndexedOperand::of(index, operand))
        })?;
        Ok((operands, places))
    }
}

/// Whether a tensor `[N, C, ...]` that lies in memory as `[N, ..., C]` may be read so. Everywhere in the term it has to be
/// a prediction with a class axis, and no other operand may need the same layout.
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
    // a tensor that is only a denominator is no operand of a loss
    operand.class_axis() == ClassAxis::Second
        && places.peek().is_some()
        && places.all(|(loss, name, _)| role(loss, name) == Some(Role::Classes) && !follows(loss))
}
