//! Sharded calls, as several devices would make them: the results of the shards together have to equal those of the whole call.
//! The family of a loss decides how its calls are sharded, and each way has a module.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

#[path = "sharded/batch.rs"]
pub mod batch;
#[path = "sharded/merged.rs"]
pub mod merged;
#[path = "sharded/rows.rs"]
mod rows;
#[path = "sharded/shares.rs"]
pub mod shares;

use crate::case::{Case, Floats, ScaleGiven};
use crate::draw::{FLOATS, Rng, Setting};
use crate::pieces::class_axis;
use crate::samples::samples;
use merged::{compare, spread, spread_classes};
use wgloss::custom::Leaf;
use wgloss::{ClassAxis, DType, Gpu, Reduction};

/// Changes a case so that it can be sharded; `None` if its loss cannot be.
pub fn case(case: Case, rng: &mut Rng) -> Option<Case> {
    let loss = case.loss();
    let means = loss.header().reductions.contains(&Reduction::Mean);
    let last = case.setting.axis == ClassAxis::Last;
    let (shape, reduction): (&[usize], _) = match loss.leaf() {
        Leaf::Region(leaf) if leaf.fused_loss().is_none() => {
            (if last { &[4, 37, 3] } else { &[4, 3, 37] }, case.reduction)
        }
        Leaf::Softmax(_) => {
            let rows: [&[usize]; 3] = [&[70, 37], &[3, 9001], if last { &[3, 41, 9] } else { &[3, 9, 41] }];
            (rows[rng.below(3)], case.reduction)
        }
        // regions summed over a batch need the statistics of all shards, which `adds_up` does not compute
        Leaf::Region(leaf) if leaf.settings().batch => return None,
        Leaf::Similarity(_) | Leaf::Hardest(_) => return rows::case(case, rng),
        // the first axis is that of steps, or that of rows of several segments, and cannot be cut
        Leaf::Alignments(_) | Leaf::Segments(_) => return None,
        _ if means => (samples(&*loss).batch, Reduction::Mean),
        _ => return None,
    };
    let axis = if shape.len() > 2 { case.setting.axis } else { ClassAxis::Second };
    let setting = Setting::new(&*loss, shape, axis, case.setting.target);
    // in 16 bits, the gradients of shards would each be rounded before they are added
    let adds_up = reduction == Reduction::Mean && !matches!(loss.leaf(), Leaf::Region(_) | Leaf::Softmax(_));
    let floats = Floats::All(if adds_up { DType::F32 } else { FLOATS[rng.below(FLOATS.len())] });
    let case = Case { setting, floats, reduction, upstream: ScaleGiven::Not, divide_by: ScaleGiven::Not, ..case };
    case.is_valid().then_some(case)
}

/// Shards a case, and compares the shards' results with the whole's, or with the shards' twins.
///
/// # Errors
/// The first result of the shards that differs.
pub fn run(gpu: &Gpu, case: &Case) -> Result<(), String> {
    let (loss, inputs, shape) = (case.loss(), case.inputs(), &case.setting.shape);
    match loss.leaf() {
        Leaf::Region(leaf) if leaf.fused_loss().is_none() => {
            let (axis, lengths): (usize, &[usize]) = match (leaf.settings().batch, case.setting.axis) {
                (true, _) => (0, &[1, 2, 1]),
                (_, ClassAxis::Last) => (1, &[20, 1, 16]),
                (_, ClassAxis::Second) => (2, &[20, 1, 16]),
            };
            compare(gpu, &spread(case, &inputs, axis, lengths))
        }
        Leaf::Softmax(_) => {
            let first = shape[class_axis(&inputs.operands[0].1)] / 2;
            compare(gpu, &spread_classes(case, &inputs, &[first, 1, case.setting.classes() - first - 1]))
        }
        Leaf::Similarity(_) | Leaf::Hardest(_) => rows::run(gpu, case),
        _ => batch::adds_up(gpu, case),
    }
}
