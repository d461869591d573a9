//! A value for each row, from a softmax over its products with the rows of a projection, or from two such softmaxes.

use crate::array::Array;
use crate::check::{OF_NOTES, OF_POSITION, Pairs};
use crate::cpu::fold::divergence;
use crate::cpu::fold::row::{Row, Scored};
use crate::cpu::fold::softmax::score;
use crate::cpu::fold::softmax_shards::{self, State};
use crate::cpu::observed::{self, Seen};
use crate::cpu::softcap::Softcap;
use crate::cpu::unit::Unit;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{Divergence, Softmax};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::{ClassesFrom, Observation, Part};

/// Where the sine of the angle between a row and its label's class is below this, f64 cannot tell in which direction the angle
/// grows, and their logit has no gradient.
const LEAST_SINE: f64 = 1e-15;

/// The scores of the rows, `None` for a row that takes no part; and the rows and classes whose products are the logits.
pub(super) struct Linear {
    pairs: Pairs,
    x: Vec<Unit>,
    projection: Vec<Unit>,
    rows: Vec<Option<Scored>>,
    values: Vec<Value>,
    /// The numbers of each row from which its observations follow, if the part has any.
    seen: Vec<Option<Seen>>,
}

impl Linear {
    /// The rows of a part, without those that its mask leaves out. Where the classes are sharded, the part has the
    /// statistics of all shards, and is scored by them.
    pub fn new(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs) -> Linear {
        Linear::masked(part, leaf, pairs, part.of_role(Role::Mask).map(Array::to_f64))
    }

    /// The rows of a part, without those where `mask` is 0.
    pub fn masked(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs, mask: Option<Vec<f64>>) -> Linear {
        let operands = Operands { mask, ..Operands::of(part, leaf, pairs) };
        let all = part.among.as_ref().map(Array::to_f64);
        let (mut rows, mut values, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        let observes = !part.observations.is_empty();
        let merged = if observes { softmax_shards::merged_with_notes } else { softmax_shards::merged };
        for i in 0..pairs.rows {
            if !operands.takes_part(i) {
                rows.push(None);
                values.push(Value::default());
                seen.extend(observes.then_some(None));
                continue;
            }
            let logits = operands.logits(i);
            let row = operands.row(i, &logits);
            let whole = all.as_ref().and_then(|all| merged(all, i, pairs.rows));
            let mut score = match whole {
                Some(whole) => softmax_shards::score(leaf, &row, whole),
                None => score(leaf, &row),
            };
            for d in [&mut score.d, &mut score.d_extra] {
                d.iter_mut().zip(&logits).for_each(|(d, logit)| *d *= logit.slope);
            }
            values.push(Value { loss: score.loss, extra: score.extra, weight: score.weight, count: 1.0 });
            rows.push(Some(score));
            seen.extend(observes.then(|| {
                Some(match whole {
                    Some(whole) => whole.seen(operands.labels[i] as usize),
                    None => Seen::of(&row.x, operands.label(i)),
                })
            }));
        }
        Linear { pairs, x: operands.x, projection: operands.projection, rows, values, seen }
    }

    /// The rows of a part whose student is compared with a teacher.
    pub fn of_two(part: &Part<Array>, leaf: &dyn Divergence, pairs: Pairs, teacher_width: usize) -> Linear {
        let Pairs { rows: count, others, width, .. } = pairs;
        let of = |role, count, width| {
            let numbers = part.of_role(role).map(Array::to_f64).unwrap_or_default();
            Unit::rows(&numbers, count, width, false)
        };
        let (x, projection) = (of(Role::Rows, count, width), of(Role::Projection, others, width));
        let teacher = of(Role::TeacherRows, count, teacher_width);
        let teacher_projection = of(Role::TeacherProjection, others, teacher_width);
        let mask = part.of_role(Role::Mask).map(Array::to_f64);
        let softcap = Softcap(leaf.cap());
        let score = |i: usize| {
            let logits =
                |row: &Unit, classes: &[Unit]| classes.iter().map(|class| row.dot(class)).collect::<Vec<f64>>();
            let capped = |logits: &[f64]| logits.iter().map(|&x| softcap.capped(x)).collect::<Vec<f64>>();
            let x = logits(&x[i], &projection);
            let dense = Some(capped(&logits(&teacher[i], &teacher_projection)));
            let row = Row { x: capped(&x), dense, label: None, weight: vec![1.0; others], classes: others, first: 0 };
            let mut score = divergence::score(leaf, &row);
            softcap.through(&mut score.d, |k| x[k]);
            score
        };
        let takes_part = |i: usize| mask.as_ref().is_none_or(|mask| mask[i] != 0.0);
        let rows: Vec<Option<Scored>> = (0..count).map(|i| takes_part(i).then(|| score(i))).collect();
        let values =
            rows.iter().map(|score| score.as_ref().map(|score| Value::of(score.loss)).unwrap_or_default()).collect();
        Linear { pairs, x, projection, rows, values, seen: Vec::new() }
    }

    /// The gradient with respect to the product of row `i` and class `k`, before scale, bias and cap.
    fn slope(&self, i: usize, k: usize, scales: &[Upstream]) -> f64 {
        self.rows[i].as_ref().map_or(0.0, |score| scales[i][0] * score.d[k] + scales[i][1] * score.d_extra[k])
    }
}

/// The statistics of a shard of classes: the numbers of each row's state.
pub(super) fn statistics(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs) -> Vec<f64> {
    let (operands, observes) = (Operands::of(part, leaf, pairs), !part.observations.is_empty());
    let numbers = |i| match operands.takes_part(i) {
        true => State::of(leaf, &operands.row(i, &operands.logits(i))).sent(observes),
        // nobody looks at the numbers of a row that takes no part
        false => vec![0.0; OF_POSITION + if observes { OF_NOTES } else { 0 }],
    };
    (0..pairs.rows).flat_map(numbers).collect()
}

/// The logit of a row and a class, and its derivative with respect to their product.
struct Logit {
    z: f64,
    slope: f64,
}

/// The operands that rows read.
struct Operands<'a> {
    leaf: &'a dyn Softmax,
    pairs: Pairs,
    x: Vec<Unit>,
    projection: Vec<Unit>,
    bias: Vec<f64>,
    /// The weight of each class.
    weight: Vec<f64>,
    labels: Vec<i64>,
    mask: Option<Vec<f64>>,
    ignored: i64,
    /// The range of classes that the projection holds.
    range: ClassesFrom,
    softcap: Softcap,
}

impl<'a> Operands<'a> {
    fn of(part: &Part<Array>, leaf: &'a dyn Softmax, pairs: Pairs) -> Operands<'a> {
        let Pairs { rows, others, width, .. } = pairs;
        let of = |role, count| {
            let numbers = part.of_role(role).map(Array::to_f64).unwrap_or_default();
            Unit::rows(&numbers, count, width, leaf.cosines().is_some())
        };
        Operands {
            leaf,
            pairs,
            x: of(Role::Rows, rows),
            projection: of(Role::Projection, others),
            bias: part.of_role(Role::PerProjection).map_or_else(|| vec![0.0; others], Array::to_f64),
            weight: part.of_role(Role::PerClass).map_or_else(|| vec![1.0; others], Array::to_f64),
            labels: part.of_role(Role::Labels).map(Array::to_i64).unwrap_or_default(),
            mask: part.of_role(Role::Mask).map(Array::to_f64),
            ignored: i64::from(leaf.ignore_index()),
            range: part.classes_from.unwrap_or(ClassesFrom { first: 0, of: others }),
            softcap: Softcap(leaf.cap()),
        }
    }

    fn takes_part(&self, i: usize) -> bool {
        !self.mask.as_ref().is_some_and(|mask| mask[i] == 0.0) && self.labels[i] != self.ignored
    }

    /// The place of a row's label among the classes of the projection.
    fn label(&self, i: usize) -> usize {
        // a label that lies in an earlier shard wraps around, to a place beyond all classes
        (self.labels[i] as usize).wrapping_sub(self.range.first)
    }

    fn logits(&self, i: usize) -> Vec<Logit> {
        (0..self.pairs.others).map(|k| self.logit(i, k)).collect()
    }

    fn logit(&self, i: usize, k: usize) -> Logit {
        let (row, class) = (&self.x[i], &self.projection[k]);
        let product = row.dot(class);
        let Some(scale) = self.leaf.cosines() else {
            let x = product + self.bias[k];
            return Logit { z: self.softcap.capped(x), slope: self.softcap.slope(x) };
        };
        // rounding may put a cosine beyond 1
        let cosine = product.clamp(-1.0, 1.0);
        let ([cosine, d], clamped) = match self.label(i) == k {
            true => {
                let sine = row.sine(class);
                (self.leaf.margin(cosine, sine), sine < LEAST_SINE)
            }
            false => ([cosine, 1.0], product.abs() >= 1.0),
        };
        Logit { z: scale * cosine, slope: if clamped { 0.0 } else { scale * d } }
    }

    /// The classes of a row.
    fn row(&self, i: usize, logits: &[Logit]) -> Row {
        Row {
            x: logits.iter().map(|logit| logit.z).collect(),
            dense: None,
            label: Some(self.label(i)),
            weight: self.weight.clone(),
            classes: self.range.of,
            first: self.range.first,
        }
    }
}

impl Walk for Linear {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn observed(&self, observation: Observation) -> Vec<[f64; 2]> {
        vec![observed::over_rows(observation, &self.seen)]
    }

    fn observed_positions(&self, observation: Observation) -> Vec<f64> {
        observed::of_rows(observation, &self.seen)
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let Pairs { rows, others, width, .. } = self.pairs;
        let through = |own: &Unit, pairs: &mut dyn Iterator<Item = (f64, &Unit)>| {
            let mut d = vec![0.0; width];
            // a masked class adds nothing, whatever its row holds
            for (slope, other) in pairs.filter(|(slope, _)| *slope != 0.0) {
                d.iter_mut().zip(&other.x).for_each(|(d, x)| *d += slope * x);
            }
            own.through_norm(&d)
        };
        match operand.role {
            Role::Rows => {
                let classes =
                    |i| self.projection.iter().enumerate().map(move |(k, class)| (self.slope(i, k, scales), class));
                (0..rows).flat_map(|i| through(&self.x[i], &mut classes(i))).collect()
            }
            Role::Projection => {
                let of = |k| self.x.iter().enumerate().map(move |(i, row)| (self.slope(i, k, scales), row));
                (0..others).flat_map(|k| through(&self.projection[k], &mut of(k))).collect()
            }
            _ => (0..others).map(|k| (0..rows).map(|i| self.slope(i, k, scales)).sum()).collect(),
        }
    }
}
