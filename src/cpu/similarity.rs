//! A value for each row, from its scores against all others.

use crate::array::Array;
use crate::check::Pairs;
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{PairScore, RowScore, Similarity, SimilaritySettings, SimilarityStatistics};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::Part;

/// A norm counts as at least this.
const LEAST_NORM: f64 = 1e-8;

/// The products of all pairs, and what the loss makes of them.
pub(super) struct AllPairs {
    /// The names of the operands that hold rows, with their first row in what follows them in one list.
    sides: Vec<(&'static str, usize, usize)>,
    rows: Vec<Row>,
    normalize: bool,
    factor: f64,
    /// The product of each of the first rows with each of the others.
    products: Vec<Vec<f64>>,
    /// The derivatives of each value with respect to its scores: of a row's with the others, of an other's with the rows.
    of_rows: Vec<Vec<f64>>,
    of_others: Vec<Vec<f64>>,
    values: Vec<Value>,
}

/// A row as it is multiplied, and what it was divided by.
struct Row {
    unit: Vec<f64>,
    norm: f64,
}

impl AllPairs {
    pub fn new(part: &Part<Array>, leaf: &dyn Similarity, pairs: Pairs) -> AllPairs {
        let header = part.loss.header();
        let settings = leaf.settings();
        let number = |role| header.player(role).and_then(|spec| part.operand(spec.name)).map(|array| array.to_f64()[0]);
        let (factor, shift) = (number(Role::Scale).unwrap_or(settings.scale), number(Role::Shift).unwrap_or(0.0));
        let labels = header.player(Role::RowLabels).and_then(|spec| part.operand(spec.name)).map(Array::to_i64);

        let (mut sides, mut rows) = (Vec::new(), Vec::new());
        let anchors = header.player(Role::Anchors).filter(|spec| part.operand(spec.name).is_some());
        let others = header.operands.iter().filter(|spec| matches!(spec.role, Role::Rows | Role::MoreRows));
        for spec in anchors.into_iter().chain(others) {
            let Some(array) = part.operand(spec.name) else { continue };
            sides.push((spec.name, rows.len(), array.shape()[0]));
            rows.extend(array.to_f64().chunks_exact(pairs.width.max(1)).map(|x| row(x, settings.normalize)));
            // rows without elements are rows still
            rows.resize_with(sides.iter().map(|side| side.2).sum(), || row(&[], settings.normalize));
        }
        // one side is compared with itself
        let first_other = if sides.len() == 1 { 0 } else { pairs.rows };
        let others = &rows[first_other..];
        let dot = |a: &Row, b: &Row| a.unit.iter().zip(&b.unit).map(|(a, b)| a * b).sum::<f64>();
        let products: Vec<Vec<f64>> =
            rows[..pairs.rows].iter().map(|a| others.iter().map(|b| dot(a, b)).collect()).collect();
        // a row's own place among the others
        let place = |i: usize| pairs.first + i;
        let similar =
            |i: usize, j: usize| labels.as_ref().map_or(place(i) == j, |labels| labels[place(i)] == labels[j]);
        let among_itself = sides.len() == 1 || anchors.is_some();
        // what is not finite is unknown, as a product with it is
        let score = |i: usize, j: usize| match factor.is_finite() && shift.is_finite() {
            true => factor * products[i][j] + shift,
            false => f64::NAN,
        };
        let pair = |i: usize, j: usize| Pair {
            score: score(i, j),
            similar: similar(i, j),
            itself: among_itself && place(i) == j,
        };

        let half = if settings.symmetric { 0.5 } else { 1.0 };
        let (mut values, mut of_rows, mut of_others) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..pairs.rows {
            let of_row: Vec<Pair> = (0..others.len()).map(|j| pair(i, j)).collect();
            let (mut value, slopes) = score_row(leaf, &settings, &of_row, rows[i].is_known());
            of_rows.push(slopes.iter().map(|d| half * d).collect());
            if settings.symmetric {
                let of_other: Vec<Pair> = (0..pairs.rows).map(|j| pair(j, i)).collect();
                let (other, slopes) = score_row(leaf, &settings, &of_other, others[i].is_known());
                value.loss = half * (value.loss + other.loss);
                of_others.push(slopes.iter().map(|d| half * d).collect());
            }
            values.push(value);
        }
        AllPairs { sides, rows, normalize: settings.normalize, factor, products, of_rows, of_others, values }
    }

    /// The gradient with respect to each score.
    fn slopes(&self, scales: &[Scales]) -> Vec<Vec<f64>> {
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
}

impl Row {
    fn is_known(&self) -> bool {
        self.unit.iter().all(|x| !x.is_nan())
    }
}

/// A row divided by its norm where it is to be; one that holds an infinity is unknown.
fn row(x: &[f64], normalize: bool) -> Row {
    let finite = x.iter().all(|x| x.is_finite());
    let norm = if normalize { x.iter().map(|x| x * x).sum::<f64>().sqrt() } else { 1.0 };
    let divided = |x: &f64| if finite { x / norm.max(LEAST_NORM) } else { f64::NAN };
    Row { unit: x.iter().map(divided).collect(), norm }
}

struct Pair {
    score: f64,
    similar: bool,
    /// Whether the two are one row, which is not compared with itself.
    itself: bool,
}

/// The value of a row, and its derivative with respect to each score.
fn score_row(leaf: &dyn Similarity, settings: &SimilaritySettings, pairs: &[Pair], known: bool) -> (Value, Vec<f64>) {
    if settings.pairwise {
        let score = |pair: &Pair| match pair.score.is_nan() {
            true => PairScore { loss: f64::NAN, d: f64::NAN },
            false => leaf.pair(pair.score, pair.similar),
        };
        let scores: Vec<PairScore> = pairs.iter().map(score).collect();
        let loss = scores.iter().map(|score| score.loss).sum();
        return (Value { loss, extra: 0.0, weight: 1.0, count: 1.0 }, scores.iter().map(|score| score.d).collect());
    }
    let seen = || pairs.iter().filter(|pair| !pair.itself);
    if !known {
        // also where it belongs together with none
        let slopes = pairs.iter().map(|pair| if pair.itself { 0.0 } else { f64::NAN });
        return (Value { loss: f64::NAN, extra: 0.0, weight: 1.0, count: 1.0 }, slopes.collect());
    }
    let max =
        seen().map(|pair| pair.score).fold(f64::NEG_INFINITY, |max, x| if x.is_nan() || x > max { x } else { max });
    // the maximum's own 1 is left out of the sum
    let tops = seen().filter(|pair| pair.score == max).count() as f64;
    let below = seen().filter(|pair| pair.score != max).map(|pair| (pair.score - max).exp()).sum::<f64>();
    let rest = below + (tops - 1.0);
    let total = 1.0 + rest;
    let similar = seen().filter(|pair| pair.similar).count() as f64;
    let surprise = seen().filter(|pair| pair.similar).map(|pair| (max - pair.score) + rest.ln_1p()).sum();
    let kept = if similar == 0.0 { 0.0 } else { 1.0 };
    let RowScore { loss, d } = leaf.row(SimilarityStatistics { surprise, similar });
    let slope = |pair: &Pair| {
        let p = (pair.score - max).exp() / total;
        let miss = if pair.score == max { rest / total } else { 1.0 - p };
        match (pair.itself || d == 0.0, pair.similar) {
            (true, _) => 0.0,
            (_, true) if similar == 1.0 => -d * miss,
            (_, true) => d * (similar * p - 1.0),
            (_, false) => d * similar * p,
        }
    };
    (Value { loss, extra: 0.0, weight: kept, count: kept }, pairs.iter().map(slope).collect())
}

impl Walked for AllPairs {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let slopes = self.slopes(scales);
        let over = |of: &dyn Fn(f64, f64) -> f64| {
            let rows = slopes.iter().zip(&self.products);
            rows.flat_map(|(slopes, products)| slopes.iter().zip(products)).map(|(d, c)| of(*d, *c)).sum::<f64>()
        };
        match operand.role {
            Role::Scale => return vec![over(&|d, product| d * product)],
            Role::Shift => return vec![over(&|d, _| d)],
            _ => {}
        }
        let side = self.sides.iter().find(|side| side.0 == operand.name);
        let &(_, first, count) = side.expect("what else is differentiable are rows");
        let first_other = if self.sides.len() == 1 { 0 } else { self.values.len() };
        let mut gradient = Vec::new();
        for (at, own) in self.rows.iter().enumerate().skip(first).take(count) {
            // the derivative with respect to the row as it is multiplied
            let mut d = vec![0.0; own.unit.len()];
            let mut add = |slope: f64, other: &Row| {
                d.iter_mut()
                    .zip(&other.unit)
                    .for_each(|(d, x)| *d += if slope == 0.0 { 0.0 } else { self.factor * slope * x });
            };
            if at < self.values.len() {
                slopes[at].iter().zip(&self.rows[first_other..]).for_each(|(slope, other)| add(*slope, other));
            }
            if at >= first_other {
                slopes.iter().zip(&self.rows).for_each(|(slopes, row)| add(slopes[at - first_other], row));
            }
            gradient.extend(through_norm(own, &d, self.normalize));
        }
        gradient
    }
}

/// The gradient of a row, from that of the row divided by its norm; 0 where the norm is, and where the row, known or not, is
/// compared with no other.
fn through_norm(row: &Row, d: &[f64], normalize: bool) -> Vec<f64> {
    if !normalize || d.iter().all(|&d| d == 0.0) {
        return d.to_vec();
    }
    let along: f64 = if row.norm < LEAST_NORM { 0.0 } else { d.iter().zip(&row.unit).map(|(d, x)| d * x).sum() };
    let divide = |(d, x): (&f64, &f64)| if row.norm == 0.0 { 0.0 } else { (d - along * x) / row.norm.max(LEAST_NORM) };
    d.iter().zip(&row.unit).map(divide).collect()
}
