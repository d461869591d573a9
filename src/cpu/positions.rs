//! A value for each position, from a fold over its classes.

use crate::array::Array;
use crate::check::{ClassFold, OF_NOTES, OF_POSITION};
use crate::cpu::fold;
use crate::cpu::fold::row::{Row, Scored};
use crate::cpu::fold::softmax_shards::{self, State, of_shards};
use crate::cpu::observed::{self, Seen};
use crate::cpu::softcap::Softcap;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{FusedLoss, Leaf, Softmax};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::shape::Classes;
use crate::term::{ClassesFrom, Observation, Part};

/// The scores of the positions; `None` for a position that takes no part.
pub(super) struct Positions {
    classes: Classes,
    positions: Vec<Option<Scored>>,
    values: Vec<Value>,
    /// The numbers of each position from which its observations follow, if the part has any.
    seen: Vec<Option<Seen>>,
}

impl Positions {
    /// The positions of a part. Where the classes are sharded, the part has the statistics of all shards, and is scored
    /// by them.
    pub fn new(part: &Part<Array>, leaf: ClassFold<'_>, ignored: Option<i32>, classes: Classes) -> Positions {
        let operands = Operands::of(part, ignored, classes);
        let count = classes.positions();
        let (observes, all) = (!part.observations.is_empty(), part.among.as_ref().map(Array::to_f64));
        let positions = match (leaf, &all) {
            (ClassFold::Softmax(leaf), Some(all)) => {
                let merged = if observes { softmax_shards::merged_with_notes } else { softmax_shards::merged };
                let score = |at, row: &Row| match merged(all, at, count) {
                    Some(whole) => softmax_shards::score(leaf, row, whole),
                    None => fold::softmax::score(leaf, row),
                };
                Positions::scored(&operands, score)
            }
            (ClassFold::ClassSum(leaf), Some(all)) => {
                let score = |at, row: &Row| fold::class_sum::score_among(leaf, row, of_shards(all, at, count));
                Positions::scored(&operands, score)
            }
            _ => Positions::scored(&operands, |_, row| fold::score(leaf, row)),
        };
        let seen = |at| {
            let row = operands.row(at)?;
            let label = row.label.unwrap_or(0);
            match all.as_ref().and_then(|all| softmax_shards::merged_with_notes(all, at, count)) {
                Some(whole) => Some(whole.seen(label.wrapping_add(row.first))),
                None => Some(Seen::of(&row.x, label)),
            }
        };
        Positions { seen: (0..count).filter(|_| observes).map(seen).collect(), ..positions }
    }

    /// The positions of a fused loss. One channel is the logit of label 1, which has the weight; the logit of label 0 is 0.
    pub fn of_fused_loss(
        part: &Part<Array>,
        fused: &FusedLoss,
        leaf: &dyn Softmax,
        ignored: Option<i32>,
        classes: Classes,
    ) -> Positions {
        let mut operands = Operands::of(part, ignored, classes);
        if classes.c == 1 {
            operands.paired = true;
            operands.weight.insert(0, 1.0);
        }
        if !fused.include_background && !operands.weight.is_empty() {
            operands.weight[0] = 0.0;
        }
        Positions::scored(&operands, |_, row| fold::softmax::score(leaf, row))
    }

    fn scored(operands: &Operands, score: impl Fn(usize, &Row) -> Scored) -> Positions {
        let score = |at| {
            let mut scored = score(at, &operands.row(at)?);
            let x = |k| operands.x[operands.element(at, k)];
            operands.softcap.through(&mut scored.d, x);
            operands.softcap.through(&mut scored.d_extra, x);
            Some(scored)
        };
        let positions: Vec<Option<Scored>> = (0..operands.classes.positions()).map(score).collect();
        let value = |score: &Scored| Value { loss: score.loss, extra: score.extra, weight: score.weight, count: 1.0 };
        let values = positions.iter().map(|score| score.as_ref().map(value).unwrap_or_default()).collect();
        Positions { classes: operands.classes, positions, values, seen: Vec::new() }
    }
}

/// The statistics of a shard of classes: the numbers of each position's state.
pub(super) fn statistics(part: &Part<Array>, leaf: ClassFold<'_>, classes: Classes) -> Vec<f64> {
    let observes = !part.observations.is_empty();
    let (ignored, numbers): (_, &dyn Fn(Row) -> Vec<f64>) = match leaf {
        ClassFold::Softmax(leaf) => (Some(leaf.ignore_index()), &move |row| State::of(leaf, &row).sent(observes)),
        ClassFold::ClassSum(leaf) => (leaf.ignore_index(), &move |row| fold::class_sum::numbers(leaf, &row).to_vec()),
        ClassFold::Divergence(_) => unreachable!("the checks refuse it"),
    };
    let operands = Operands::of(part, ignored, classes);
    // nobody looks at the numbers of a position that takes no part
    let none = vec![0.0; OF_POSITION + if observes { OF_NOTES } else { 0 }];
    let numbers = |at| operands.row(at).map_or_else(|| none.clone(), numbers);
    (0..classes.positions()).flat_map(numbers).collect()
}

/// The operands that positions read.
struct Operands {
    classes: Classes,
    /// Whether the single channel is the logit of the second of two classes.
    paired: bool,
    x: Vec<f64>,
    labels: Option<Vec<i64>>,
    dense: Option<Vec<f64>>,
    weight: Vec<f64>,
    mask: Option<Vec<f64>>,
    ignored: Option<i32>,
    /// The range of classes that the operands hold.
    range: ClassesFrom,
    softcap: Softcap,
    /// Whether the floats of a dense target are logits too.
    caps_dense: bool,
}

impl Operands {
    fn of(part: &Part<Array>, ignored: Option<i32>, classes: Classes) -> Operands {
        let target = part.of_role(Role::Target);
        // a call may have very many classes and no positions; then the class weights are never read
        let weights = if classes.positions() == 0 { 1 } else { classes.c };
        Operands {
            classes,
            paired: false,
            x: part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default(),
            labels: target.filter(|_| !part.is_dense()).or(part.of_role(Role::Labels)).map(Array::to_i64),
            dense: target.filter(|_| part.is_dense()).or(part.of_role(Role::Dense)).map(Array::to_f64),
            weight: part.of_role(Role::PerClass).map_or_else(|| vec![1.0; weights], Array::to_f64),
            mask: part.of_role(Role::Mask).map(Array::to_f64),
            ignored,
            range: part.classes_from.unwrap_or(ClassesFrom { first: 0, of: classes.c }),
            softcap: Softcap(part.loss.leaf().cap()),
            caps_dense: matches!(part.loss.leaf(), Leaf::Divergence(_)),
        }
    }

    /// The element of a position's class.
    fn element(&self, at: usize, k: usize) -> usize {
        self.classes.index(at / self.classes.s, at % self.classes.s, k)
    }

    /// The classes of a position, where it takes part.
    fn row(&self, at: usize) -> Option<Row> {
        let label = self.labels.as_ref().map(|labels| labels[at]);
        let ignored = label.is_some() && label == self.ignored.map(i64::from);
        if ignored || self.mask.as_ref().is_some_and(|mask| mask[at] == 0.0) {
            return None;
        }
        let of_classes = |all: &Vec<f64>, of_label_0: fn(f64) -> f64| {
            let own: Vec<f64> = (0..self.classes.c).map(|k| all[self.element(at, k)]).collect();
            if self.paired { vec![of_label_0(own[0]), own[0]] } else { own }
        };
        let capped = |logits: Vec<f64>| logits.into_iter().map(|x| self.softcap.capped(x)).collect::<Vec<f64>>();
        let x = capped(of_classes(&self.x, |_| 0.0));
        let dense = self.dense.as_ref().map(|q| of_classes(q, |q| 1.0 - q));
        Some(Row {
            dense: if self.caps_dense { dense.map(capped) } else { dense },
            // a label that lies in an earlier shard wraps around, to a place beyond all classes
            label: label.map(|label| (label as usize).wrapping_sub(self.range.first)),
            weight: self.weight.clone(),
            classes: self.range.of.max(x.len()),
            first: self.range.first,
            x,
        })
    }
}

impl Walk for Positions {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn observed(&self, observation: Observation) -> Vec<[f64; 2]> {
        vec![observed::over_rows(observation, &self.seen)]
    }

    fn observed_positions(&self, observation: Observation) -> Vec<f64> {
        observed::of_rows(observation, &self.seen)
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let classes = self.classes;
        let mut gradient = vec![0.0; classes.positions() * classes.c];
        for (at, position) in self.positions.iter().enumerate() {
            let Some(score) = position else { continue };
            let [scale, extra_scale] = scales[at];
            // a single channel is the second of two classes
            let first = score.d.len() - classes.c;
            for k in 0..classes.c {
                gradient[classes.index(at / classes.s, at % classes.s, k)] =
                    scale * score.d[first + k] + extra_scale * score.d_extra[first + k];
            }
        }
        gradient
    }
}
