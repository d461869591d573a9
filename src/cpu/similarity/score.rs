//! The score of one row against all others, and its derivatives.

use crate::check::OF_POSITION;
use crate::cpu::fold::softmax_shards::State;
use crate::cpu::softmax::Softmax;
use crate::cpu::walk::Value;
use crate::leaf::{PairScore, RowScore, Similarity, SimilarityStatistics};

/// One row and one of the rows that it is compared with.
pub(super) struct Pair {
    pub score: f64,
    /// Whether the two belong together.
    pub similar: bool,
    /// Whether the two are not compared: they are the same row, or have equal labels and the loss drops such pairs.
    pub left_out: bool,
}

/// The facts about a row's scores against all others: its softmax, `Σ −log p` over those that it belongs together with, and
/// their number.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    softmax: Softmax,
    surprise: f64,
    similar: f64,
}

impl Whole {
    /// The facts about a row with these pairs.
    fn of(pairs: &[Pair]) -> Whole {
        let others = || pairs.iter().filter(|pair| !pair.left_out);
        let softmax = softmax(others().map(|pair| pair.score));
        let similar = others().filter(|pair| pair.similar).count() as f64;
        let surprise = others().filter(|pair| pair.similar).map(|pair| softmax.nll(pair.score)).sum();
        Whole { softmax, surprise, similar }
    }

    /// The facts about a row, from its state merged over all shards of the keys.
    fn of_state(state: State) -> Whole {
        let [surprise, similar] = state.surprise();
        Whole { softmax: state.softmax(), surprise, similar }
    }
}

/// Returns the value of a row where every pair has a loss of its own, and the derivative of the value with respect to
/// each score. The value is the sum over the pairs, or over all `shards` of the keys if they are given.
pub(super) fn by_pairs(
    leaf: &dyn Similarity,
    pairs: &[Pair],
    shards: Option<impl Iterator<Item = Numbers>>,
) -> (Value, Vec<f64>) {
    let scores: Vec<PairScore> = pairs.iter().map(|pair| of_pair(leaf, pair)).collect();
    let loss = match shards {
        None => scores.iter().map(|score| score.loss).sum(),
        Some(shards) => shards.map(|[_, _, sum, .., flags, _, _]| if flags == 0.0 { sum } else { f64::NAN }).sum(),
    };
    (Value::of(loss), scores.iter().map(|score| score.d).collect())
}

fn of_pair(leaf: &dyn Similarity, pair: &Pair) -> PairScore {
    match pair.score.is_nan() {
        _ if pair.left_out => PairScore::default(),
        true => PairScore { loss: f64::NAN, d: f64::NAN },
        false => leaf.pair(pair.score, pair.similar),
    }
}

/// Returns the value of a row from a softmax over its scores, by `Σ −log p` over the rows that it belongs together with;
/// and the derivative of the value with respect to each score. `state` is that of the row over all shards of the keys, if
/// the keys are sharded.
pub(super) fn by_softmax(
    leaf: &dyn Similarity,
    pairs: &[Pair],
    known: bool,
    state: Option<State>,
) -> (Value, Vec<f64>) {
    if !known {
        // the value is NaN even if the row belongs together with no other
        let d = pairs.iter().map(|pair| if pair.left_out { 0.0 } else { f64::NAN });
        return (Value::of(f64::NAN), d.collect());
    }
    let Whole { softmax, surprise, similar } = state.map_or_else(|| Whole::of(pairs), Whole::of_state);
    let RowScore { loss, d } = leaf.row(SimilarityStatistics { surprise, similar });
    let slope = |pair: &Pair| {
        let p = softmax.p(pair.score);
        // 1 − p, which keeps its digits for a nearly certain row
        let miss = if pair.score == softmax.max { softmax.rest / softmax.total() } else { 1.0 - p };
        match (pair.left_out || d == 0.0, pair.similar) {
            (true, _) => 0.0,
            (_, true) if similar == 1.0 => -d * miss,
            (_, true) => d * (similar * p - 1.0),
            (_, false) => d * similar * p,
        }
    };
    // a row that belongs together with no other has no value
    let counts = if similar == 0.0 { 0.0 } else { 1.0 };
    (Value { loss, extra: 0.0, weight: counts, count: counts }, pairs.iter().map(slope).collect())
}

/// The numbers of a row in the statistics of a shard of keys, in the order of `shaders/geometry/similarity_statistics.wgsl`.
pub(super) type Numbers = [f64; OF_POSITION];

/// The flag of a row that is not finite itself. It is added to the other flags.
const UNKNOWN_ROW: f64 = 4.0;

/// The numbers of a row over its pairs with a shard of keys.
pub(super) fn numbers(leaf: &dyn Similarity, pairs: &[Pair], known: bool) -> Numbers {
    let others = || pairs.iter().filter(|pair| !pair.left_out);
    let scores: Vec<f64> = others().map(|pair| pair.score).collect();
    let shares: Vec<f64> = others().map(|pair| f64::from(u8::from(pair.similar))).collect();
    let mut numbers = match leaf.settings().pairwise {
        false => State::of_shares(&scores, &shares).numbers(),
        true => {
            let sum: f64 = pairs.iter().map(|pair| of_pair(leaf, pair).loss).sum();
            let none = State::of_shares(&[], &[]).numbers();
            let [peak, rest, ..] = none;
            let (sum, flags) = if sum.is_nan() { (0.0, 1.0) } else { (sum, 0.0) };
            [peak, rest, sum, 0.0, 0.0, flags, 0.0, 0.0]
        }
    };
    numbers[5] += if known { 0.0 } else { UNKNOWN_ROW };
    numbers
}

/// The softmax of the scores. Where several are the greatest, `rest` counts 1 for each but the first.
fn softmax(scores: impl Iterator<Item = f64> + Clone) -> Softmax {
    let greater = |max: f64, x: f64| if x.is_nan() || x > max { x } else { max };
    let max = scores.clone().fold(f64::NEG_INFINITY, greater);
    let greatest = scores.clone().filter(|&x| x == max).count() as f64;
    let below: f64 = scores.filter(|&x| x != max).map(|x| (x - max).exp()).sum();
    Softmax { max, rest: below + (greatest - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::{Pair, by_softmax};
    use crate::leaf::{EqualLabels, RowScore, Similarity, SimilaritySettings, SimilarityStatistics};

    /// The mean of −log p over the rows that belong together.
    struct Mean;

    impl Similarity for Mean {
        fn settings(&self) -> SimilaritySettings {
            SimilaritySettings {
                scale: 1.0,
                normalize: false,
                symmetric: false,
                pairwise: false,
                equal_labels: EqualLabels::Drop,
            }
        }
        fn row(&self, row: SimilarityStatistics) -> RowScore {
            match row.similar {
                0.0 => RowScore::default(),
                similar => RowScore { loss: row.surprise / similar, d: 1.0 / similar },
            }
        }
    }

    /// The definition without any care for digits.
    fn plain(pairs: &[Pair]) -> f64 {
        let others = || pairs.iter().filter(|pair| !pair.left_out);
        let sum: f64 = others().map(|pair| pair.score.exp()).sum();
        let similar = others().filter(|pair| pair.similar).count() as f64;
        others().filter(|pair| pair.similar).map(|pair| -(pair.score.exp() / sum).ln()).sum::<f64>() / similar
    }

    #[test]
    fn it_is_the_definition() {
        let row = |scores: &[f64], similar: &[usize]| -> Vec<Pair> {
            let pair = |(k, &score)| Pair { score, similar: similar.contains(&k), left_out: k == 1 };
            scores.iter().enumerate().map(pair).collect()
        };
        for (scores, similar) in [
            (&[0.5, 9.0][..], &[0][..]),
            (&[1.0, 9.0, 2.0, -1.0], &[2]),
            (&[1.0, 9.0, 2.0, -1.0], &[0, 1, 3]),
            (&[2.0, 0.0, 2.0, 2.0, -40.0], &[0, 4]),
        ] {
            let pairs = row(scores, similar);
            let (value, d) = by_softmax(&Mean, &pairs, true, None);
            assert!((value.loss - plain(&pairs)).abs() <= 1e-13, "{scores:?}: {}, not {}", value.loss, plain(&pairs));
            for k in 0..scores.len() {
                let at = |step: f64| {
                    let mut moved = scores.to_vec();
                    moved[k] += step;
                    plain(&row(&moved, similar))
                };
                let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((d[k] - slope).abs() <= 1e-8, "{scores:?}: {} at {k}, the slope is {slope}", d[k]);
            }
        }
    }

    #[test]
    fn a_row_without_another_like_it_has_no_value() {
        let pairs = [Pair { score: 1.0, similar: false, left_out: false }];
        for pairs in [&[][..], &pairs] {
            let (value, d) = by_softmax(&Mean, pairs, true, None);
            assert_eq!((value.loss, value.count, d), (0.0, 0.0, vec![0.0; pairs.len()]));
        }
    }
}
