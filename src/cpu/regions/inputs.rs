//! The inputs of a region loss, and the sums over them, written as the definition.

use super::probabilities::{Predicted, hard, probabilities};
use crate::array::Array;
use crate::leaf::{Activation, Region, RegionSettings, RegionSums};
use crate::role::Role;
use crate::shape::Classes;
use crate::term::Part;

/// The probabilities and targets of all elements.
pub(super) struct Inputs {
    pub classes: Classes,
    pub settings: RegionSettings,
    pub predicted: Vec<Predicted>,
    /// The targets: floats as given, or 1 at the label's class.
    pub t: Vec<f64>,
    /// Whether each element takes part.
    pub kept: Vec<bool>,
    /// The sample weight of each position.
    pub weight: Vec<f64>,
    /// Whether each element's class is predicted at its position; empty unless the part has observations.
    pub hard: Vec<bool>,
}

impl Inputs {
    pub fn of(part: &Part<Array>, leaf: &dyn Region, classes: Classes) -> Inputs {
        let settings = leaf.settings();
        // a region of the whole batch loops over its items; without positions these add nothing, and may be very many
        let none = settings.batch && classes.positions() == 0;
        let classes = Classes { n: if none { 0 } else { classes.n }, ..classes };
        let x = part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default();
        let target = part.of_role(Role::Target);
        let labels = target.filter(|_| !part.is_dense()).map(Array::to_i64);
        let ignored = |position: usize| match (&labels, settings.ignore_index) {
            (Some(labels), Some(ignored)) => labels[position] == i64::from(ignored),
            _ => false,
        };
        let mask = part.of_role(Role::Mask).map(Array::to_f64);
        // a mask has a number for each position, or for each element
        let masked = |position: usize, at: usize| match &mask {
            Some(mask) if mask.len() == classes.positions() => mask[position] == 0.0,
            Some(mask) => mask[at] == 0.0,
            None => false,
        };
        let mut kept = vec![true; classes.positions() * classes.c];
        for (position, k) in (0..classes.positions()).flat_map(|position| (0..classes.c).map(move |k| (position, k))) {
            let at = classes.index(position / classes.s, position % classes.s, k);
            kept[at] = !ignored(position) && !masked(position, at);
        }
        let weight = part.of_role(Role::SampleWeight).map(Array::to_f64);
        let weight = weight.unwrap_or_else(|| vec![1.0; classes.positions()]);
        let t = match &labels {
            None => target.map(Array::to_f64).unwrap_or_default(),
            Some(labels) => one_hot(labels, classes),
        };
        let hard = if part.observations.is_empty() { Vec::new() } else { hard(&x, classes, settings.activation) };
        let predicted = probabilities(&x, classes, settings.activation);
        Inputs { classes, settings, predicted, t, kept, weight, hard }
    }

    /// The number of regions. A region is a class of one item, or of the whole batch.
    pub fn regions(&self) -> usize {
        let items = if self.settings.batch { 1 } else { self.classes.n };
        items * self.classes.c
    }

    /// The sums of a region over all elements that take part, each times its position's weight: `Σ p·t`, `Σ p·(1 − t)`
    /// and `Σ (1 − p)·t`; with squares `Σ p·t` and `Σ (p − t)²`; soft `Σ min(p, t)`, `Σ max(p − t, 0)` and `Σ max(t − p, 0)`.
    pub fn sums(&self, region: usize) -> RegionSums {
        let (item, k) = (region / self.classes.c, region % self.classes.c);
        let items = if self.settings.batch { 0..self.classes.n } else { item..item + 1 };
        let mut sums = RegionSums::default();
        for (i, j) in items.flat_map(|i| (0..self.classes.s).map(move |j| (i, j))) {
            let at = self.classes.index(i, j, k);
            if !self.kept[at] {
                continue;
            }
            let (Predicted { p, q }, t) = (self.predicted[at], self.t[at]);
            let weight = self.weight[i * self.classes.s + j];
            if self.soft() {
                let above = self.p_less_t(at);
                sums.true_pos += weight * if above > 0.0 { t } else { p };
                sums.false_pos += weight * if above < 0.0 { 0.0 } else { above };
                sums.false_neg += weight * if above < 0.0 { -above } else { 0.0 };
                continue;
            }
            sums.true_pos += weight * (p * t);
            match self.settings.squared {
                true => sums.false_pos += weight * self.p_less_t(at).powi(2),
                false => {
                    sums.false_pos += weight * (p * (1.0 - t));
                    sums.false_neg += weight * (q * t);
                }
            }
        }
        sums
    }

    /// Three numbers of elements of class `k` that take part: those that are right, those that are predicted to be of the
    /// class, and those that are of the class by target.
    pub fn counts(&self, k: usize) -> [f64; 3] {
        let mut counts = [0.0; 3];
        for (i, j) in (0..self.classes.n).flat_map(|i| (0..self.classes.s).map(move |j| (i, j))) {
            let at = self.classes.index(i, j, k);
            let (predicted, truly) = (self.kept[at] && self.hard[at], self.kept[at] && self.t[at] > 0.5);
            for (count, counts_too) in counts.iter_mut().zip([predicted && truly, predicted, truly]) {
                *count += f64::from(u8::from(counts_too));
            }
        }
        counts
    }

    /// Whether sums are of `min(p, t)`. With squares the option `soft` has no effect.
    pub fn soft(&self) -> bool {
        self.settings.soft && !self.settings.squared
    }

    /// `p − t` of an element. With an activation it is computed as `p·(1 − t) − q·t`: q is computed without subtracting p
    /// from 1, so that this keeps its digits where t is 1 and p is nearly 1.
    pub fn p_less_t(&self, at: usize) -> f64 {
        let (Predicted { p, q }, t) = (self.predicted[at], self.t[at]);
        if self.settings.activation == Activation::None { p - t } else { p * (1.0 - t) - q * t }
    }
}

/// A target for each element: 1 at the label's class, else 0. A single class has 1 where the label is 1.
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
