//! Terms that a device can compute. A call plans its term before anything is queued, so that the call itself refuses what
//! only a plan can refuse. Plans are kept, since the next step has the same term.

use crate::call::IndexedOperand;
use crate::error::Result;
use crate::lock::lock;
use std::sync::{Arc, Mutex};
use wgloss::{ClassAxis, DType, Gpu, Operand as _, Scale, Term};

/// The greatest number of terms that are kept.
const MOST: usize = 64;

/// The terms that were planned on a device. The first is the one used last.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<Vec<Planned>>);

/// A term that the device can compute.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub term: Arc<Term<IndexedOperand>>,
    /// For each tensor, whether it may be read with its class axis last, if it lies so in memory.
    pub turnable: Vec<bool>,
    /// The tensors that gradients flow to.
    tracked: Vec<IndexedOperand>,
    workspace_bound: u64,
}

impl Plans {
    /// Returns the kept term that equals `term`; if there is none, plans `term` and keeps it. `loss` is the shape of the
    /// loss tensor in Burn. `turnable` says which tensors may be read with their class axis last, provided that the device
    /// can compute the term then too.
    pub fn get(
        &self,
        gpu: &Gpu,
        term: Term<IndexedOperand>,
        tracked: Vec<IndexedOperand>,
        loss: &[usize],
        turnable: impl FnOnce() -> Vec<bool>,
    ) -> Result<Planned> {
        let workspace_bound = gpu.workspace_bound();
        let mut kept = lock(&self.0);
        let equals =
            |kept: &Planned| kept.workspace_bound == workspace_bound && kept.tracked == tracked && *kept.term == term;
        if let Some(place) = kept.iter().position(equals) {
            kept[..=place].rotate_right(1);
            return Ok(kept[0].clone());
        }
        plan(gpu, &term, &tracked, loss)?;
        let turnable = turned(gpu, &term, &tracked, loss, turnable());
        let planned = Planned { term: Arc::new(term), turnable, tracked, workspace_bound };
        kept.insert(0, planned.clone());
        kept.truncate(MOST);
        Ok(planned)
    }
}

/// Plans the value and the gradients, and so refuses what the device can't compute.
fn plan(gpu: &Gpu, term: &Term<IndexedOperand>, tracked: &[IndexedOperand], loss: &[usize]) -> wgloss::Result<()> {
    gpu.workspace_of(term, &[])?;
    if !tracked.is_empty() {
        // no tensor of the operation has this index
        let upstream = IndexedOperand {
            index: usize::MAX,
            shape: loss.to_vec(),
            dtype: DType::F32,
            class_axis: ClassAxis::Second,
        };
        let term = term.clone().upstream(Scale::Tensor(upstream));
        gpu.workspace_of(&term, &tracked.iter().collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Returns which tensors may be read with their class axis last: those of `turnable`, or none if the device can't compute
/// the term then.
fn turned(
    gpu: &Gpu,
    term: &Term<IndexedOperand>,
    tracked: &[IndexedOperand],
    loss: &[usize],
    turnable: Vec<bool>,
) -> Vec<bool> {
    let turn = |place: &IndexedOperand| if turnable[place.index] { place.turned() } else { place.clone() };
    let tracked: Vec<IndexedOperand> = tracked.iter().map(turn).collect();
    let turned = term.map(|place| Ok(turn(place)));
    match turnable.contains(&true) && turned.and_then(|term| plan(gpu, &term, &tracked, loss)).is_err() {
        true => vec![false; turnable.len()],
        false => turnable,
    }
}

impl IndexedOperand {
    /// The tensor as it is read with its class axis last.
    fn turned(&self) -> IndexedOperand {
        let mut shape = self.shape().to_vec();
        shape[1..].rotate_left(1);
        IndexedOperand { shape, class_axis: ClassAxis::Last, ..self.clone() }
    }
}
