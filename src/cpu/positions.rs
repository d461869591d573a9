//! A value for each position, from a fold over its classes.

use crate::array::Array;
use crate::check::is_dense;
use crate::cpu::fold::{self, Row, Scored};
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{Leaf, Softmax};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::shape::Classes;
use crate::term::Part;

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
        let header = part.loss.header();
        let dense = header.player(Role::Target).is_some_and(|spec| is_dense(part, spec));
        let x = part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default();
        let target = part.of_role(Role::Target);
        let labels = target.filter(|_| !dense).or(part.of_role(Role::Labels)).map(Array::to_i64);
        let floats = target.filter(|_| dense).or(part.of_role(Role::Dense)).map(Array::to_f64);
        let weight = part.of_role(Role::PerClass).map_or(vec![1.0; classes.c], Array::to_f64);
        let weight = if paired { vec![1.0, weight[0]] } else { weight };
        let mask = part.of_role(Role::Mask).map(Array::to_f64);

        let (mut positions, mut values) = (Vec::new(), Vec::new());
        for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
            let at = i * classes.s + j;
            let label = labels.as_ref().map(|labels| labels[at]);
            let left_out = label.is_some() && label == ignored.map(i64::from);
            if left_out || mask.as_ref().is_some_and(|mask| mask[at] == 0.0) {
                positions.push(None);
                values.push(Value::default());
                continue;
            }
            let of_classes = |all: &Vec<f64>, of_label_0: fn(f64) -> f64| {
                let own: Vec<f64> = (0..classes.c).map(|k| all[classes.index(i, j, k)]).collect();
                if paired { vec![of_label_0(own[0]), own[0]] } else { own }
            };
            let label = label.map(|label| label as usize);
            let (dense, weight) = (floats.as_ref().map(|q| of_classes(q, |q| 1.0 - q)), weight.clone());
            let row = Row { x: of_classes(&x, |_| 0.0), dense, label, weight };
            let score = fold::score(leaf, &row);
            let weight = label.map_or(0.0, |label| row.weight[label]);
            values.push(Value { loss: score.loss, extra: score.extra, weight, count: 1.0 });
            positions.push(Some(score));
        }
        Positions { classes, positions, values }
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
