//! A value for each region, or for each item, from sums of probabilities and targets over positions.

mod fused_elements;
mod inputs;
mod probabilities;
mod shards;

use crate::array::Array;
use crate::cpu::positions::Positions;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{Activation, Leaf, Region, RegionScore, RegionSums};
use crate::loss::OperandSpec;
use crate::math::{greatest, part_of};
use crate::role::Role;
use crate::shape::Classes;
use crate::term::{Observation, Part};
use fused_elements::FusedElements;
use inputs::Inputs;
use probabilities::Predicted;

/// The scores of all regions, and the inputs that their gradients need.
pub(super) struct Regions {
    inputs: Inputs,
    regions: Vec<Scored>,
    values: Vec<Value>,
    fused: Option<Box<dyn Walk>>,
}

/// The score of a region, and the value that the region belongs to.
#[derive(Clone, Copy, Default)]
struct Scored {
    /// The place of the value among all values.
    value: usize,
    score: RegionScore,
    /// The factor of the region's derivatives: the weight of its class, or its share where the classes are summed together.
    factor: f64,
}

impl Regions {
    /// The regions of a part. Where the part is a shard, it has the statistics of all shards, and is scored by them.
    pub fn new(part: &Part<Array>, leaf: &dyn Region, classes: Classes) -> Regions {
        let inputs = Inputs::of(part, leaf, classes);
        let classes = inputs.classes;
        let among = part.among.as_ref().map(Array::to_f64);
        let sums = |region: usize| match &among {
            Some(all) => shards::merged(all, region, inputs.regions()),
            None => inputs.sums(region),
        };
        let sums: Vec<RegionSums> = (0..inputs.regions()).map(sums).collect();
        let weight = part.of_role(Role::PerClass).map_or_else(|| vec![1.0; classes.c], Array::to_f64);
        let fused = leaf.fused_loss().and_then(|fused| match fused.loss.leaf() {
            Leaf::Softmax(leaf) => {
                let ignored = inputs.settings.ignore_index;
                Some(Box::new(Positions::of_fused_loss(part, &fused, leaf, ignored, classes)) as Box<dyn Walk>)
            }
            Leaf::Pointwise(leaf) => Some(Box::new(FusedElements::of(part, &inputs, &fused, leaf)) as Box<dyn Walk>),
            // the checks refuse any other fused loss
            _ => None,
        });
        let mut regions = Regions { inputs, regions: Vec::new(), values: Vec::new(), fused };
        for sums in sums.chunks(classes.c) {
            match regions.inputs.settings.together {
                true => regions.score_together(leaf, sums),
                false => regions.score_each(leaf, sums, &weight),
            }
        }
        regions
    }

    /// Scores each class of an item by itself: a value for each class.
    fn score_each(&mut self, leaf: &dyn Region, sums: &[RegionSums], weight: &[f64]) {
        for (k, (&sums, &factor)) in sums.iter().zip(weight).enumerate() {
            if k == 0 && !self.inputs.settings.include_background {
                self.regions.push(Scored::default());
                continue;
            }
            let score = match leaf.score(sums) {
                // a class of weight 0 has no gradient, even where its loss is infinite
                score if factor == 0.0 && !score.loss.is_nan() => {
                    RegionScore { loss: score.loss, ..RegionScore::default() }
                }
                score => score,
            };
            self.regions.push(Scored { value: self.values.len(), score, factor });
            self.values.push(Value::of(part_of(factor, score.loss)));
        }
    }

    /// Scores the classes of an item together: one value, from the sums over the classes, each times the share of its class.
    fn score_together(&mut self, leaf: &dyn Region, sums: &[RegionSums]) {
        // a background that takes no part has no share
        let first = usize::from(!self.inputs.settings.include_background);
        let mut shares = shares(leaf, &sums[first..]);
        let of = |part: fn(&RegionSums) -> f64| {
            sums[first..].iter().zip(&shares).map(|(sums, share)| share * part(sums)).sum()
        };
        let score = leaf.score(RegionSums {
            true_pos: of(|sums| sums.true_pos),
            false_pos: of(|sums| sums.false_pos),
            false_neg: of(|sums| sums.false_neg),
        });
        let value = self.values.len();
        shares.splice(0..0, vec![0.0; first]);
        self.regions.extend(shares.iter().map(|&factor| Scored { value, score, factor }));
        self.values.push(Value::of(score.loss));
    }

    /// The derivative of `Σ scales·value` with respect to the probability of an element, which belongs to class `k` of item `i`.
    fn slope(&self, i: usize, k: usize, at: usize, scales: &[Upstream]) -> f64 {
        let settings = &self.inputs.settings;
        if k == 0 && !settings.include_background {
            return 0.0;
        }
        let item = if settings.batch { 0 } else { i };
        let Scored { value, score, factor } = self.regions[item * self.inputs.classes.c + k];
        let t = match self.inputs.p_less_t(at) {
            _ if !self.inputs.soft() => self.inputs.t[at],
            // p changes `true_pos` and `false_neg` where it is below its target, and `false_pos` where it is above. Where
            // both are equal, the derivative is half of each.
            0.0 => 0.5,
            above => f64::from(u8::from(above < 0.0)),
        };
        let slope = match settings.squared {
            true => score.d_true_pos * t + score.d_false_pos * 2.0 * self.inputs.p_less_t(at),
            false => (score.d_true_pos - score.d_false_neg) * t + score.d_false_pos * (1.0 - t),
        };
        scales[value][0] * part_of(factor, slope)
    }
}

/// The share of each class in the sums of its item. A share that is infinite in f32 is replaced by the largest finite one.
fn shares(leaf: &dyn Region, sums: &[RegionSums]) -> Vec<f64> {
    let shares: Vec<f64> = sums.iter().map(|&sums| leaf.share(sums)).collect();
    let infinite = |share: f64| (share as f32).is_infinite();
    let largest = shares.iter().filter(|&&share| !infinite(share)).fold(0.0, |most: f64, &share| most.max(share));
    shares.into_iter().map(|share| if infinite(share) { largest } else { share }).collect()
}

/// The statistics of a shard: the sums of each region, as numbers.
pub(super) fn statistics(part: &Part<Array>, leaf: &dyn Region, classes: Classes) -> Vec<f64> {
    let inputs = Inputs::of(part, leaf, classes);
    (0..inputs.regions()).flat_map(|region| shards::numbers(inputs.sums(region))).collect()
}

impl Walk for Regions {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn fused_loss(&self) -> Option<&dyn Walk> {
        self.fused.as_deref()
    }

    fn observed(&self, observation: Observation) -> Vec<[f64; 2]> {
        let ratio = |[right, predicted, truly]: [f64; 3]| match observation {
            Observation::Iou => [right, predicted + truly - right],
            Observation::Precision => [right, predicted],
            _ => [right, truly],
        };
        (0..self.inputs.classes.c).map(|k| ratio(self.inputs.counts(k))).collect()
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let Inputs { classes, settings, predicted, kept, weight, .. } = &self.inputs;
        let mut gradient = vec![0.0; predicted.len()];
        for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
            let at = |k: usize| classes.index(i, j, k);
            let weight = weight[i * classes.s + j];
            if !(0..classes.c).any(|k| kept[at(k)]) {
                continue;
            }
            let slope = |k: usize| if kept[at(k)] { self.slope(i, k, at(k), scales) } else { 0.0 };
            // A softmax's gradient is p·(slope − Σ p·slope). Subtracting the likeliest class's slope from all slopes does not
            // change it, and where that class is nearly certain, both differences are then small themselves.
            let p: Vec<f64> = (0..classes.c).map(|k| predicted[at(k)].p).collect();
            let lead = slope(greatest(&p));
            let mean: f64 = (0..classes.c).map(|k| p[k] * (slope(k) - lead)).sum();
            for k in 0..classes.c {
                let Predicted { p, q } = predicted[at(k)];
                let d = match settings.activation {
                    Activation::None => slope(k),
                    // a background that takes no part has no gradient, even where it holds a NaN
                    Activation::Sigmoid if slope(k) == 0.0 => 0.0,
                    Activation::Sigmoid => slope(k) * p * q,
                    Activation::Softmax => p * ((slope(k) - lead) - mean),
                };
                // what takes no part has no gradient, whatever its weight
                gradient[at(k)] = if d == 0.0 { 0.0 } else { weight * d };
            }
        }
        gradient
    }
}
