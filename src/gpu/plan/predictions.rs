//! Plans a metric: the count of predictions beside their labels.

use super::dtypes::code;
use super::scratch::Scratch;
use super::spans::{Spans, Values};
use super::split::split;
use super::stage::{Bound, Plan, Stage};
use super::walk::{Sizes, in_32_bits, summable};
use crate::check::Counted;
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Params;
use crate::gpu::shaders::metrics::{cell, counter, predicted};
use crate::gpu::shaders::operand::{labels, mask, x};
use crate::gpu::shaders::{choice, fold, metrics, slot};
use crate::gpu::target::Target;
use crate::gpu::tensor::Tensor;
use crate::metrics::{Counting, Predictions};
use crate::shape::DType;

/// The most cells that a workgroup counts in its own memory, as in `shaders/metrics/counter/workgroup.wgsl`.
pub(crate) const MOST_CELLS: usize = 3540;

/// The most rounds of a workgroup. A round has up to 256 positions. So a workgroup's indices go less than 2^16 past the last
/// position, and fit 32 bits.
const MOST_ROUNDS: usize = 256;

/// About how many classes a lane goes through in all its rounds.
const WALKED: usize = 4096;

/// From this many logits on, an item whose classes lie far apart has its own workgroups, which need no other item to be
/// bound.
const LARGE: usize = 1 << 18;

/// Plans the count of predictions.
pub(super) fn plan(counting: Counting, of: &Predictions<Tensor>, counted: &Counted, target: &Target) -> Result<Plan> {
    let Counted { classes, walked, labelled } = *counted;
    summable("classes", walked.c)?;
    let positions = walked.positions();
    // enough lanes share a position to keep loops short, and to let neighbouring lanes read neighbouring memory
    let rows = walked.class_stride == 1;
    let lanes = match rows {
        true => target.lanes_of_row(walked.c),
        false => walked.c.div_ceil(256).next_power_of_two().min(256),
    };
    let (slots, per_lane) = (256 / lanes, walked.c.div_ceil(lanes));
    let by_item = !rows && walked.c * walked.s >= LARGE;
    let rounds = (positions / (slots * target.workgroups(1024))).next_power_of_two();
    let rounds = rounds.min(MOST_ROUNDS).min((WALKED / per_lane).max(1));
    let rounds = if by_item { rounds.min((walked.s / slots).max(1)) } else { rounds };
    let chunk = slots * rounds;
    let chunks = walked.s.div_ceil(chunk);
    let (groups, values) = match by_item {
        true => (walked.n * chunks, Values::OfItems { per_item: walked.s, chunk, chunks }),
        false => (positions.div_ceil(chunk), Values::Each(chunk as u64)),
    };
    let mut params = Params::new();
    Sizes { chunk, chunks, rounds, tallies: groups, ..Sizes::of(walked) }.write(&mut params)?;
    params.label_count = in_32_bits("classes", classes)?;
    params.ignores = u32::from(of.ignore_index.is_some());
    params.ignore_index = of.ignore_index.unwrap_or(0);
    let cells: usize = counting.cells(classes).iter().product();
    let choices = of_dtypes(of).number(choice::LANES, lanes).flag(choice::BY_ITEM, by_item);
    let count = Stage::new(metrics::PREDICTIONS_COUNT, slots_of(counting, of, labelled, cells), choices, groups as u64);
    let count = count.through(values).looping((rounds * per_lane).max(cells.min(MOST_CELLS).div_ceil(256)));
    let outcome = Stage::new(metrics::PREDICTIONS_OUTCOME, Slots::default(), Choices::default(), 1);
    let plan = Plan {
        params,
        stages: [count].into_iter().filter(|_| groups > 0).chain([outcome.looping(groups.div_ceil(256))]).collect(),
        scratch: vec![Scratch::new("counts", cells as u64), Scratch::new("bad_labels", groups.max(1) as u64)],
        columns: None,
        broadcast: None,
        operands: vec![("x0".into(), "input"), ("labels".into(), "target"), ("mask".into(), "mask")],
        outputs: Vec::new(),
        spans: Spans::Classes(walked),
    };
    let dtype = |bound: &Bound| match bound {
        Bound::Operand(name) => of.operands().find(|(known, _)| known == name).map(|(_, operand)| operand.dtype()),
        _ => None,
    };
    split(target, &dtype, plan)
}

fn slots_of(counting: Counting, of: &Predictions<Tensor>, labelled: bool, cells: usize) -> Slots {
    let mut slots = Slots::default();
    slots.fill(slot::PREDICTED, if labelled { predicted::LABELS } else { predicted::LOGITS });
    slots.fill(slot::FOLD, fold::GREATEST);
    slots.fill_x(0, x::WORDS);
    slots.fill(slot::LABELS, labels::GIVEN);
    slots.fill(
        slot::MASK,
        match of.mask.as_ref().map(Tensor::dtype) {
            None => mask::EVERYWHERE,
            Some(dtype) if dtype.is_float() => mask::GIVEN,
            Some(_) => mask::INTEGERS,
        },
    );
    slots.fill(
        slot::CELL,
        match counting {
            Counting::Accuracy => cell::ACCURACY,
            Counting::ConfusionMatrix => cell::CONFUSION_MATRIX,
        },
    );
    slots.fill(slot::COUNTER, if cells <= MOST_CELLS { counter::WORKGROUP } else { counter::ALL });
    slots
}

fn of_dtypes(of: &Predictions<Tensor>) -> Choices {
    let dtype = |tensor: Option<&Tensor>| code(tensor.map_or(DType::F32, Tensor::dtype));
    Choices::default()
        .named("X0_DTYPE", dtype(Some(&of.input)))
        .named("LABELS_DTYPE", dtype(Some(&of.target)))
        .named("MASK_DTYPE", dtype(of.mask.as_ref()))
}
