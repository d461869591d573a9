//! A value for each position, from a fold over its classes.

use crate::array::Array;
use crate::check::{OF_POSITION, is_dense};
use crate::cpu::fold::softmax::State;
use crate::cpu::fold::{self, Row, Scored};
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{Leaf, Softmax};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::shape::Classes;
use crate::term::{ClassesFrom, Part};

/// The positions' scores; nothing for those that take no part.
pub(super) struct Positions {
    classes: Classes,
    positions: Vec<Option<Scored>>,
    values: Vec<Value>,
}

impl Positions {
    pub fn new(part: &Part<Array>, leaf: Leaf<'_>, ignored: Option<i32>, classes: Classes) -> Positions {
        Positions::of(part, leaf, ignored, classes, false)
    }

    /// What rides along in another walk: of a single channel two classes, the logit of label 1, which has the weight, and 0
    /// for label 0.
    pub fn riding(part: &Part<Array>, leaf: &dyn Softmax, classes: Classes) -> Positions {
        Positions::of(part, Leaf::Softmax(leaf), Some(leaf.ignore_index()), classes, classes.c == 1)
    }

    fn of(part: &Part<Array>, leaf: Leaf<'_>, ignored: Option<i32>, classes: Classes, paired: bool) -> Positions {
        let operands = Operands::of(part, ignored, classes, paired);
        // a term may ride along with the statistics of regions
        let among = part.among.as_ref().filter(|_| matches!(part.loss.leaf(), Leaf::Softmax(_))).map(Array::to_f64);
        let (mut positions, mut values) = (Vec::new(), Vec::new());
        for at in 0..classes.positions() {
            let Some(row) = operands.row(at) else {
                positions.push(None);
                values.push(Value::default());
                continue;
            };
            let score = fold::score(leaf, &row, among.as_ref().map(|all| whole(all, at, classes)));
            values.push(Value { loss: score.loss, extra: score.extra, weight: score.weight, count: 1.0 });
            positions.push(Some(score));
        }
        Positions { classes, positions, values }
    }
}

/// The state of a position of which `all` are the statistics of all pieces.
fn whole(all: &[f64], at: usize, classes: Classes) -> State {
    let pieces = all.chunks_exact(classes.positions() * OF_POSITION);
    let states = pieces.map(|piece| State::of_numbers(&piece[at * OF_POSITION..][..OF_POSITION]));
    states.reduce(State::merge).expect("the checks want a piece at the least")
}

/// The statistics of a piece of split rows: the numbers of each position's state.
pub(super) fn statistics(part: &Part<Array>, leaf: &dyn Softmax, classes: Classes) -> Vec<f64> {
    let operands = Operands::of(part, Some(leaf.ignore_index()), classes, false);
    // those of a position that takes no part are never looked at
    let numbers = |at| operands.row(at).map_or([0.0; OF_POSITION], |row| State::of(leaf, &row).numbers());
    (0..classes.positions()).flat_map(numbers).collect()
}

/// What positions are made of.
struct Operands {
    classes: Classes,
    /// Whether the single channel stands for two classes.
    paired: bool,
    x: Vec<f64>,
    labels: Option<Vec<i64>>,
    floats: Option<Vec<f64>>,
    weight: Vec<f64>,
    mask: Option<Vec<f64>>,
    ignored: Option<i32>,
    spread: ClassesFrom,
}

impl Operands {
    fn of(part: &Part<Array>, ignored: Option<i32>, classes: Classes, paired: bool) -> Operands {
        let dense = part.loss.header().player(Role::Target).is_some_and(|spec| is_dense(part, spec));
        let target = part.of_role(Role::Target);
        // classes that no position has need no weights, however many they are
        let weighed = if classes.positions() == 0 { 1 } else { classes.c };
        let weight = part.of_role(Role::PerClass).map_or_else(|| vec![1.0; weighed], Array::to_f64);
        Operands {
            classes,
            paired,
            x: part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default(),
            labels: target.filter(|_| !dense).or(part.of_role(Role::Labels)).map(Array::to_i64),
            floats: target.filter(|_| dense).or(part.of_role(Role::Dense)).map(Array::to_f64),
            weight: if paired { vec![1.0, weight[0]] } else { weight },
            mask: part.of_role(Role::Mask).map(Array::to_f64),
            ignored,
            spread: part.classes_from.unwrap_or(ClassesFrom { first: 0, of: classes.c }),
        }
    }

    /// The classes of a position, where it takes part.
    fn row(&self, at: usize) -> Option<Row> {
        let label = self.labels.as_ref().map(|labels| labels[at]);
        let left_out = label.is_some() && label == self.ignored.map(i64::from);
        if left_out || self.mask.as_ref().is_some_and(|mask| mask[at] == 0.0) {
            return None;
        }
        let (i, j) = (at / self.classes.s, at % self.classes.s);
        let of_classes = |all: &Vec<f64>, of_label_0: fn(f64) -> f64| {
            let own: Vec<f64> = (0..self.classes.c).map(|k| all[self.classes.index(i, j, k)]).collect();
            if self.paired { vec![of_label_0(own[0]), own[0]] } else { own }
        };
        let x = of_classes(&self.x, |_| 0.0);
        Some(Row {
            dense: self.floats.as_ref().map(|q| of_classes(q, |q| 1.0 - q)),
            // that of an earlier piece becomes a class beyond all
            label: label.map(|label| (label as usize).wrapping_sub(self.spread.first)),
            weight: self.weight.clone(),
            classes: self.spread.of.max(x.len()),
            x,
        })
    }
}

impl Walked for Positions {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let classes = self.classes;
        let mut gradient = vec![0.0; classes.positions() * classes.c];
        for (at, position) in self.positions.iter().enumerate() {
            let Some(score) = position else { continue };
            let [scale, extra_scale] = scales[at];
            // the single channel of a pair is the second
            let other = score.d.len() - classes.c;
            for k in 0..classes.c {
                gradient[classes.index(at / classes.s, at % classes.s, k)] =
                    scale * score.d[other + k] + extra_scale * score.d_extra[other + k];
            }
        }
        gradient
    }
}
