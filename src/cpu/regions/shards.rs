//! Regions whose positions are sharded: the sums of a region on one shard as numbers, and how the numbers of all shards merge.

use crate::check::OF_REGION;
use crate::leaf::RegionSums;

/// The numbers that go to another device. NaN travels as a flag, since shaders may assume it away.
pub(super) fn numbers(sums: RegionSums) -> [f64; OF_REGION] {
    match sums.true_pos + sums.false_pos + sums.false_neg {
        unknown if unknown.is_nan() => [0.0, 0.0, 0.0, 1.0],
        _ => [sums.true_pos, sums.false_pos, sums.false_neg, 0.0],
    }
}

/// The sums of a region over all shards. `all` holds the numbers of one shard after the other, each of `regions` regions.
pub(super) fn merged(all: &[f64], region: usize, regions: usize) -> RegionSums {
    let mut sums = RegionSums::default();
    for of_shard in all.chunks_exact(OF_REGION).skip(region).step_by(regions.max(1)) {
        let [true_pos, false_pos, false_neg, flag] = of_shard else { continue };
        // a shard with a NaN makes the sums of the whole region NaN
        let poison = if *flag == 0.0 { 0.0 } else { f64::NAN };
        sums.true_pos += true_pos + poison;
        sums.false_pos += false_pos + poison;
        sums.false_neg += false_neg + poison;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::inputs::Inputs;
    use super::super::probabilities::Predicted;
    use super::{merged, numbers};
    use crate::leaf::{Activation, RegionSettings};
    use crate::random::Random;
    use crate::shape::{ClassAxis, Classes};

    /// Two items of two classes, with these probabilities.
    fn inputs(p: &[Vec<f64>; 4], squared: bool) -> Inputs {
        let s = p[0].len();
        let flat: Vec<f64> = p.concat();
        Inputs {
            classes: Classes::of(&[2, 2, s], ClassAxis::Second).unwrap(),
            settings: RegionSettings {
                activation: Activation::Sigmoid,
                include_background: true,
                batch: false,
                squared,
                soft: false,
                together: false,
                ignore_index: None,
            },
            predicted: flat.iter().map(|&p| Predicted { p, q: 1.0 - p }).collect(),
            t: flat.iter().map(|&p| (8.0 * p).fract()).collect(),
            kept: vec![true; 4 * s],
            weight: vec![1.0; 2 * s],
            hard: Vec::new(),
        }
    }

    #[test]
    fn shards_merge_into_the_sums_of_the_whole() {
        let mut random = Random::new(1);
        for (length, unknown) in [(0, None), (1, None), (7, None), (7, Some(2)), (64, Some(63))] {
            let mut p = [(); 4].map(|()| (0..length).map(|_| random.uniform()).collect::<Vec<f64>>());
            if let Some(at) = unknown {
                p[1][at] = f64::NAN;
            }
            for (squared, cut) in
                [false, true].into_iter().flat_map(|squared| (0..=length).map(move |cut| (squared, cut)))
            {
                let whole = inputs(&p, squared);
                let shards =
                    [0..cut, cut..length].map(|range| inputs(&p.clone().map(|p| p[range.clone()].to_vec()), squared));
                let all: Vec<f64> =
                    shards.iter().flat_map(|shard| (0..4).flat_map(|region| numbers(shard.sums(region)))).collect();
                for region in 0..4 {
                    let (got, want) = (merged(&all, region, 4), whole.sums(region));
                    let got = [got.true_pos, got.false_pos, got.false_neg];
                    for (got, want) in got.into_iter().zip([want.true_pos, want.false_pos, want.false_neg]) {
                        // a NaN reaches all sums of its region
                        let nan = region == 1 && unknown.is_some();
                        let good = if nan { got.is_nan() } else { (got - want).abs() <= 1e-13 };
                        assert!(good, "region {region} of {length}, cut at {cut}: {got}, not {want}");
                    }
                }
            }
        }
    }
}
