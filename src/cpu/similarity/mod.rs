//! A value for each row, from its scores against all others.

mod score;

use crate::array::Array;
use crate::check::Pairs;
use crate::cpu::fold::softmax_shards::{merged, of_shards};
use crate::cpu::unit::Unit;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{EqualLabels, Similarity};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::Part;
use score::{Pair, by_pairs, by_softmax, numbers};

/// The products of all pairs, and the values and derivatives that follow from them.
pub(super) struct AllPairs {
    sides: Vec<Side>,
    /// The rows of all sides, one side after the other.
    rows: Vec<Unit>,
    /// The place in `rows` of the first row that the first side's rows are compared with.
    first_other: usize,
    /// The factor of the products.
    factor: f64,
    /// The product of each of the first side's rows with each row that it is compared with.
    products: Vec<Vec<f64>>,
    /// The derivatives of each value with respect to the scores of its row with all others.
    of_rows: Vec<Vec<f64>>,
    /// The same in the other direction, where the loss is symmetric: for each row of the second side, the derivatives
    /// with respect to its scores with the first side's rows.
    of_others: Vec<Vec<f64>>,
    values: Vec<Value>,
}

/// An operand that holds rows.
struct Side {
    operand: &'static str,
    /// The place of its first row among the rows of all sides.
    first: usize,
    count: usize,
}

impl AllPairs {
    /// The pairs of a part. Where the keys are sharded, the part has the statistics of all shards, and rows are scored by them.
    pub fn new(part: &Part<Array>, leaf: &dyn Similarity, pairs: Pairs) -> AllPairs {
        let settings = leaf.settings();
        let operands = Operands::of(part, leaf, pairs);
        let all = part.among.as_ref().map(Array::to_f64);
        let score = |pairs_of_row: &[Pair], row: &Unit, i: usize| {
            let shards = all.as_ref().map(|all| of_shards(all, i, pairs.rows));
            match settings.pairwise {
                true => by_pairs(leaf, pairs_of_row, shards),
                false => {
                    let state = all.as_ref().and_then(|all| merged(all, i, pairs.rows));
                    by_softmax(leaf, pairs_of_row, row.is_known(), state)
                }
            }
        };
        let half = if settings.symmetric { 0.5 } else { 1.0 };
        let halved = |d: Vec<f64>| d.into_iter().map(|d| half * d).collect::<Vec<f64>>();
        let (mut values, mut of_rows, mut of_others) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..pairs.rows {
            let (mut value, d) = score(&operands.of_row(i), &operands.rows[i], i);
            of_rows.push(halved(d));
            if settings.symmetric {
                let of_other: Vec<Pair> = (0..pairs.rows).map(|j| operands.pair(j, i)).collect();
                let (other, d) = score(&of_other, &operands.others()[i], i);
                value.loss = half * (value.loss + other.loss);
                of_others.push(halved(d));
            }
            values.push(value);
        }
        let Operands { sides, rows, first_other, factor, products, .. } = operands;
        AllPairs { sides, rows, first_other, factor, products, of_rows, of_others, values }
    }

    /// The gradient with respect to each score.
    fn slopes(&self, scales: &[Upstream]) -> Vec<Vec<f64>> {
        let mut slopes: Vec<Vec<f64>> = self.products.iter().map(|row| vec![0.0; row.len()]).collect();
        for (i, [scale, _]) in scales.iter().enumerate() {
            let add = |slope: &mut f64, d: f64| *slope += if d == 0.0 { 0.0 } else { scale * d };
            slopes[i].iter_mut().zip(&self.of_rows[i]).for_each(|(slope, d)| add(slope, *d));
            if let Some(of_other) = self.of_others.get(i) {
                slopes.iter_mut().zip(of_other).for_each(|(row, d)| add(&mut row[i], *d));
            }
        }
        slopes
    }

    /// The gradient with respect to one row, from the gradients with respect to all scores.
    fn of_row(&self, at: usize, slopes: &[Vec<f64>]) -> Vec<f64> {
        let own = &self.rows[at];
        let mut d = vec![0.0; own.x.len()];
        let mut add = |slope: f64, other: &Unit| {
            let product = |x: f64| if slope == 0.0 { 0.0 } else { self.factor * slope * x };
            d.iter_mut().zip(&other.x).for_each(|(d, x)| *d += product(*x));
        };
        if at < self.values.len() {
            slopes[at].iter().zip(&self.rows[self.first_other..]).for_each(|(slope, other)| add(*slope, other));
        }
        if at >= self.first_other {
            slopes.iter().zip(&self.rows).for_each(|(slopes, row)| add(slopes[at - self.first_other], row));
        }
        own.through_norm(&d)
    }
}

/// The statistics of a shard of keys: the numbers of each row.
pub(super) fn statistics(part: &Part<Array>, leaf: &dyn Similarity, pairs: Pairs) -> Vec<f64> {
    let operands = Operands::of(part, leaf, pairs);
    (0..pairs.rows).flat_map(|i| numbers(leaf, &operands.of_row(i), operands.rows[i].is_known())).collect()
}

/// The operands of all pairs.
struct Operands {
    pairs: Pairs,
    sides: Vec<Side>,
    rows: Vec<Unit>,
    first_other: usize,
    factor: f64,
    shift: f64,
    products: Vec<Vec<f64>>,
    labels: Option<Vec<i64>>,
    equal_labels: EqualLabels,
    /// Whether the others are the batch that the rows come from.
    among_itself: bool,
}

impl Operands {
    fn of(part: &Part<Array>, leaf: &dyn Similarity, pairs: Pairs) -> Operands {
        let settings = leaf.settings();
        let number = |role| part.of_role(role).and_then(|array| array.to_f64().first().copied());
        let (factor, shift) = (number(Role::Scale).unwrap_or(settings.scale), number(Role::Shift).unwrap_or(0.0));
        let (sides, rows) = sides(part, settings.normalize, pairs.width);
        // a single side is compared with itself
        let first_other = if sides.len() == 1 { 0 } else { pairs.rows };
        let (own, others) = (&rows[..pairs.rows], &rows[first_other..]);
        let products: Vec<Vec<f64>> = own.iter().map(|a| others.iter().map(|b| a.dot(b)).collect()).collect();
        let among_itself = sides.len() == 1 || part.of_role(Role::Anchors).is_some();
        let labels = part.of_role(Role::RowLabels).map(Array::to_i64);
        Operands {
            pairs,
            sides,
            rows,
            first_other,
            factor,
            shift,
            products,
            labels,
            equal_labels: settings.equal_labels,
            among_itself,
        }
    }

    fn others(&self) -> &[Unit] {
        &self.rows[self.first_other..]
    }

    fn pair(&self, i: usize, j: usize) -> Pair {
        let (factor, shift) = (self.factor, self.shift);
        // Row `i` has a place in the batch. Row `j` has one too unless it is a further row. A further row may have a label:
        // the labels of further rows follow those of all keys.
        let Pairs { first, others, first_other, keys, more_labelled, .. } = self.pairs;
        let row = first + i;
        let own = j < others && first_other + j == row;
        let label_place = match j < others {
            true => Some(first_other + j),
            false => more_labelled.then(|| keys + (j - others)),
        };
        let labels = self.labels.as_ref().zip(label_place);
        let equal = labels.is_some_and(|(labels, other)| labels.get(row) == labels.get(other));
        Pair {
            // a factor or shift that is not finite makes the score unknown, as does a row that is not finite
            score: if factor.is_finite() && shift.is_finite() {
                factor * self.products[i][j] + shift
            } else {
                f64::NAN
            },
            similar: own || (equal && self.equal_labels == EqualLabels::Positive),
            left_out: match own {
                true => self.among_itself,
                false => equal && self.equal_labels == EqualLabels::Drop,
            },
        }
    }

    fn of_row(&self, i: usize) -> Vec<Pair> {
        (0..self.others().len()).map(|j| self.pair(i, j)).collect()
    }
}

/// The operands that hold rows, and all their rows: first the rows that have a value each.
fn sides(part: &Part<Array>, normalize: bool, width: usize) -> (Vec<Side>, Vec<Unit>) {
    let header = part.loss.header();
    let (mut sides, mut rows) = (Vec::new(), Vec::new());
    let others = header.operands.iter().filter(|spec| matches!(spec.role, Role::Rows | Role::MoreRows));
    for spec in header.of_role(Role::Anchors).into_iter().chain(others) {
        let Some(array) = part.operand(spec.name) else { continue };
        let (first, count) = (rows.len(), array.shape().first().copied().unwrap_or(0));
        sides.push(Side { operand: spec.name, first, count });
        rows.extend(Unit::rows(&array.to_f64(), count, width, normalize));
    }
    (sides, rows)
}

impl Walk for AllPairs {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let slopes = self.slopes(scales);
        // a pair that is left out adds nothing, whatever its rows hold
        let sum = |of: &dyn Fn(f64, f64) -> f64| {
            let rows = slopes.iter().zip(&self.products);
            let pairs = rows.flat_map(|(slopes, products)| slopes.iter().zip(products));
            pairs.filter(|(d, _)| **d != 0.0).map(|(d, c)| of(*d, *c)).sum::<f64>() + 0.0
        };
        match operand.role {
            Role::Scale => vec![sum(&|d, product| d * product)],
            Role::Shift => vec![sum(&|d, _| d)],
            _ => {
                let side = self.sides.iter().find(|side| side.operand == operand.name);
                let rows = side.map_or(0..0, |side| side.first..side.first + side.count);
                rows.flat_map(|at| self.of_row(at, &slopes)).collect()
            }
        }
    }
}
