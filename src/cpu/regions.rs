//! A value for each item and class, from sums of probabilities and targets over positions.

use crate::array::Array;
use crate::check::{OF_REGION, is_dense};
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::cpu::positions::Positions;
use crate::leaf::{Activation, Leaf, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::OperandSpec;
use crate::math::{greatest, part_of, sigmoids};
use crate::role::Role;
use crate::shape::Classes;
use crate::term::Part;

/// The probabilities and targets of all elements, and what became of the regions.
pub(super) struct Regions {
    classes: Classes,
    settings: RegionSettings,
    predicted: Vec<Predicted>,
    t: Vec<f64>,
    kept: Vec<bool>,
    regions: Vec<Scored>,
    values: Vec<Value>,
    rider: Option<Positions>,
    /// The statistics of all pieces, where this is one.
    among: Option<Vec<f64>>,
}

/// The probability of an element.
#[derive(Clone, Copy, Default)]
struct Predicted {
    p: f64,
    /// 1 − p, with its digits.
    q: f64,
}

/// A region's part in a value of the loss.
#[derive(Clone, Copy, Default)]
struct Scored {
    /// The value's place, and its score.
    value: usize,
    score: RegionScore,
    /// The factor of the region's slopes: the weight of the class, or its share in the sums of the item.
    factor: f64,
}

impl Regions {
    pub fn new(part: &Part<Array>, leaf: &dyn Region, classes: Classes) -> Regions {
        let mut regions = Regions::of(part, leaf, classes);
        let weight = part.of_role(Role::PerClass).map_or_else(|| vec![1.0; classes.c], Array::to_f64);
        for item in 0..regions.items() {
            match regions.settings.together {
                true => regions.score_together(leaf, item),
                false => regions.score_each(leaf, item, &weight),
            }
        }
        regions
    }

    /// The regions before they are scored.
    fn of(part: &Part<Array>, leaf: &dyn Region, classes: Classes) -> Regions {
        let settings = leaf.settings();
        // a batch without positions is one of no items, however many it has
        let none = settings.batch && classes.positions() == 0;
        let classes = Classes { n: if none { 0 } else { classes.n }, ..classes };
        let x = part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default();
        let target = part.of_role(Role::Target);
        let dense = part.loss.header().player(Role::Target).is_some_and(|spec| is_dense(part, spec));
        let labels = target.filter(|_| !dense).map(Array::to_i64);
        let kept: Vec<bool> = match (&labels, settings.ignore_index) {
            (Some(labels), Some(ignored)) => labels.iter().map(|&label| label != i64::from(ignored)).collect(),
            _ => vec![true; classes.positions()],
        };
        let t = match &labels {
            None => target.map(Array::to_f64).unwrap_or_default(),
            Some(labels) => one_hot(labels, classes),
        };
        let predicted = probabilities(&x, classes, settings.activation);
        let rider = leaf.rider().map(|rider| match rider.loss.leaf() {
            Leaf::Softmax(leaf) => Positions::riding(part, leaf, classes),
            _ => unreachable!("a rider is a loss of a softmax"),
        });
        let among = part.among.as_ref().map(Array::to_f64);
        Regions { classes, settings, predicted, t, kept, regions: Vec::new(), values: Vec::new(), rider, among }
    }

    /// The items whose regions are told apart.
    fn items(&self) -> usize {
        if self.settings.batch { 1 } else { self.classes.n }
    }

    /// A value for each class.
    fn score_each(&mut self, leaf: &dyn Region, item: usize, weight: &[f64]) {
        for (k, &factor) in weight.iter().enumerate() {
            if k == 0 && !self.settings.include_background {
                self.regions.push(Scored::default());
                continue;
            }
            let score = leaf.score(self.sums(item, k));
            self.regions.push(Scored { value: self.values.len(), score, factor });
            self.values.push(Value { loss: part_of(factor, score.loss), extra: 0.0, weight: 1.0, count: 1.0 });
        }
    }

    /// One value for all classes, of their sums by their shares.
    fn score_together(&mut self, leaf: &dyn Region, item: usize) {
        let sums: Vec<RegionSums> = (0..self.classes.c).map(|k| self.sums(item, k)).collect();
        let shares: Vec<f64> = sums.iter().map(|&sums| leaf.share(sums)).collect();
        // as far as f32 holds them
        let infinite = |share: f64| (share as f32).is_infinite();
        let largest = shares.iter().filter(|&&share| !infinite(share)).fold(0.0, |most: f64, &share| most.max(share));
        let shares: Vec<f64> = shares.iter().map(|&share| if infinite(share) { largest } else { share }).collect();
        let of = |part: fn(&RegionSums) -> f64| sums.iter().zip(&shares).map(|(sums, share)| share * part(sums)).sum();
        let score = leaf.score(RegionSums {
            true_pos: of(|sums| sums.true_pos),
            false_pos: of(|sums| sums.false_pos),
            false_neg: of(|sums| sums.false_neg),
        });
        let value = self.values.len();
        self.regions.extend(shares.iter().map(|&factor| Scored { value, score, factor }));
        self.values.push(Value { loss: score.loss, extra: 0.0, weight: 1.0, count: 1.0 });
    }

    /// The sums of a region: over all pieces, where it comes in pieces.
    fn sums(&self, item: usize, k: usize) -> RegionSums {
        let Some(among) = &self.among else { return self.own_sums(item, k) };
        let mut sums = RegionSums::default();
        for piece in among.chunks_exact(self.items() * self.classes.c * OF_REGION) {
            let of = &piece[(item * self.classes.c + k) * OF_REGION..];
            // a piece that holds a NaN makes the whole one
            let known = if of[3] == 0.0 { 0.0 } else { f64::NAN };
            sums.true_pos += of[0] + known;
            sums.false_pos += of[1] + known;
            sums.false_neg += of[2] + known;
        }
        sums
    }

    fn own_sums(&self, item: usize, k: usize) -> RegionSums {
        let items = if self.settings.batch { 0..self.classes.n } else { item..item + 1 };
        let mut sums = RegionSums::default();
        for (i, j) in items.flat_map(|i| (0..self.classes.s).map(move |j| (i, j))) {
            if !self.kept[i * self.classes.s + j] {
                continue;
            }
            let at = self.classes.index(i, j, k);
            let (Predicted { p, q }, t) = (self.predicted[at], self.t[at]);
            let (false_pos, false_neg) = match self.settings.squared {
                true => (self.wrong_by(at).powi(2), 0.0),
                false => (p * (1.0 - t), q * t),
            };
            sums.true_pos += p * t;
            sums.false_pos += false_pos;
            sums.false_neg += false_neg;
        }
        sums
    }

    /// The derivative of `Σ scales·value` with respect to the probability of an element.
    fn slope(&self, i: usize, k: usize, at: usize, scales: &[Scales]) -> f64 {
        if k == 0 && !self.settings.include_background {
            return 0.0;
        }
        let item = if self.settings.batch { 0 } else { i };
        let Scored { value, score, factor } = self.regions[item * self.classes.c + k];
        let t = self.t[at];
        let slope = match self.settings.squared {
            true => score.d_true_pos * t + score.d_false_pos * 2.0 * self.wrong_by(at),
            false => (score.d_true_pos - score.d_false_neg) * t + score.d_false_pos * (1.0 - t),
        };
        scales[value][0] * part_of(factor, slope)
    }

    /// p − t; of parts that do not cancel where an activation brings p near a t of 0 or 1.
    fn wrong_by(&self, at: usize) -> f64 {
        let (Predicted { p, q }, t) = (self.predicted[at], self.t[at]);
        if self.settings.activation == Activation::None { p - t } else { p * (1.0 - t) - q * t }
    }
}

/// The statistics of a piece: the sums of each region, and whether there is a NaN among them.
pub(super) fn statistics(part: &Part<Array>, leaf: &dyn Region, classes: Classes) -> Vec<f64> {
    let regions = Regions::of(part, leaf, classes);
    let numbers = |region: usize| {
        let sums = regions.own_sums(region / classes.c, region % classes.c);
        match sums.true_pos + sums.false_pos + sums.false_neg {
            unknown if unknown.is_nan() => [0.0, 0.0, 0.0, 1.0],
            _ => [sums.true_pos, sums.false_pos, sums.false_neg, 0.0],
        }
    };
    (0..regions.items() * classes.c).flat_map(numbers).collect()
}

/// One float for each element: 1 at the label, for one channel the label itself.
fn one_hot(labels: &[i64], classes: Classes) -> Vec<f64> {
    let mut t = vec![0.0; classes.positions() * classes.c];
    for (at, &label) in labels.iter().enumerate() {
        for k in 0..classes.c {
            let hit = if classes.c == 1 { label == 1 } else { label == k as i64 };
            t[classes.index(at / classes.s, at % classes.s, k)] = f64::from(u8::from(hit));
        }
    }
    t
}

fn probabilities(x: &[f64], classes: Classes, activation: Activation) -> Vec<Predicted> {
    match activation {
        Activation::None => x.iter().map(|&p| Predicted { p, q: 1.0 - p }).collect(),
        Activation::Sigmoid => x.iter().map(|&x| sigmoids(x)).map(|[p, q]| Predicted { p, q }).collect(),
        Activation::Softmax => {
            let mut predicted = vec![Predicted::default(); x.len()];
            for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
                let row: Vec<f64> = (0..classes.c).map(|k| x[classes.index(i, j, k)]).collect();
                for (k, of_class) in softmax(&row).into_iter().enumerate() {
                    predicted[classes.index(i, j, k)] = of_class;
                }
            }
            predicted
        }
    }
}

/// The softmax of a position's classes. None of a finite logit is 0; the first's 1 − p is what it leaves to the others.
fn softmax(row: &[f64]) -> Vec<Predicted> {
    let first = greatest(row);
    let power = |k: usize| match row[k] {
        f64::NEG_INFINITY => 0.0,
        x => (x - row[first]).exp().max(f64::MIN_POSITIVE),
    };
    let rest: f64 = (0..row.len()).filter(|&k| k != first).map(power).sum();
    let unknown = row.iter().any(|x| x.is_nan() || *x == f64::INFINITY) || row.iter().all(|x| *x == f64::NEG_INFINITY);
    let of_class = |k: usize| match power(k) / (1.0 + rest) {
        _ if unknown => Predicted { p: f64::NAN, q: f64::NAN },
        p if k == first => Predicted { p, q: rest / (1.0 + rest) },
        p => Predicted { p, q: 1.0 - p },
    };
    (0..row.len()).map(of_class).collect()
}

impl Walked for Regions {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn rider(&self) -> Option<&dyn Walked> {
        self.rider.as_ref().map(|rider| rider as &dyn Walked)
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let classes = self.classes;
        let mut gradient = vec![0.0; self.predicted.len()];
        for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
            if !self.kept[i * classes.s + j] {
                continue;
            }
            let at = |k: usize| classes.index(i, j, k);
            let slope = |k: usize| self.slope(i, k, at(k), scales);
            // p·(slope − Σ p·slope), each slope less that of the likeliest class: nothing cancels where it is sure
            let likeliest: Vec<f64> = (0..classes.c).map(|k| self.predicted[at(k)].p).collect();
            let lead = slope(greatest(&likeliest));
            let pull: f64 = (0..classes.c).map(|k| self.predicted[at(k)].p * (slope(k) - lead)).sum();
            for k in 0..classes.c {
                let Predicted { p, q } = self.predicted[at(k)];
                gradient[at(k)] = match self.settings.activation {
                    Activation::None => slope(k),
                    // a background that takes no part may hold a NaN
                    Activation::Sigmoid if slope(k) == 0.0 => 0.0,
                    Activation::Sigmoid => slope(k) * p * q,
                    Activation::Softmax => p * ((slope(k) - lead) - pull),
                };
            }
        }
        gradient
    }
}
