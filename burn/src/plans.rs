//! Terms that a device can compute. A call plans its term before anything is queued, so that the call refuses what only
//! a plan can refuse; what was planned is kept, since the next step has the same term.

use crate::call::Place;
use crate::error::Result;
use crate::lock::lock;
use std::sync::{Arc, Mutex};
use wgloss::{ClassAxis, DType, Gpu, Operand as _, Scale, Term};

/// How many terms are kept.
const MOST: usize = 64;

/// The terms that were planned on a device, the last used first.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<Vec<Planned>>);

/// A term that the device can compute.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub term: Arc<Term<Place>>,
    /// The tensors that may be read where they lie with their class axis last.
    pub turnable: Vec<bool>,
    /// The tensors that gradients flow to.
    tracked: Vec<Place>,
    workspace_bound: u64,
}

impl Plans {
    /// The kept term that equals this one, or this one after it was planned. `loss` is the shape of its loss as a tensor of Burn;
    /// `turnable` are the tensors that may be turned if the device can compute the term then, too.
    pub fn get(
        &self,
        gpu: &Gpu,
        term: Term<Place>,
        tracked: Vec<Place>,
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

/// Refuses what the device cannot compute: the value or the gradients.
fn plan(gpu: &Gpu, term: &Term<Place>, tracked: &[Place], loss: &[usize]) -> wgloss::Result<()> {
    gpu.workspace_of(term, &[])?;
    if !tracked.is_empty() {
        // an operation has fewer tensors
        let upstream =
            Place { index: usize::MAX, shape: loss.to_vec(), dtype: DType::F32, class_axis: ClassAxis::Second };
        let term = term.clone().upstream(Scale::Tensor(upstream));
        gpu.workspace_of(&term, &tracked.iter().collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The tensors that may be turned: all that are `turnable`, or none, if the device cannot compute the turned term.
fn turned(gpu: &Gpu, term: &Term<Place>, tracked: &[Place], loss: &[usize], turnable: Vec<bool>) -> Vec<bool> {
    let turn = |place: &Place| if turnable[place.index] { place.turned() } else { place.clone() };
    let tracked: Vec<Place> = tracked.iter().map(turn).collect();
    let turned = term.map(|place| Ok(turn(place)));
    match turnable.contains(&true) && turned.and_then(|term| plan(gpu, &term, &tracked, loss)).is_err() {
        true => vec![false; turnable.len()],
        false => turnable,
    }
}

impl Place {
    /// The tensor as it is read where it lies with its class axis last.
    fn turned(&self) -> Place {
        let mut shape = self.shape().to_vec();
        shape[1..].rotate_left(1);
        Place { shape, class_axis: ClassAxis::Last, ..self.clone() }
    }
}
