//! A softmax whose classes are sharded: the statistics of each shard of a row, and how they merge into the whole row's.

use super::row::{Row, Scored};
use super::softmax::{WholeRow, score_by, shares};
use crate::check::{OF_NOTES, OF_POSITION};
use crate::cpu::observed::Seen;
use crate::cpu::softmax::Softmax as RowSoftmax;
use crate::leaf::Softmax;
use crate::math::{greatest, part_of};

/// The statistics of a row's classes on one shard, or on several shards merged. Unlike a [`WholeRow`], a shard may hold
/// only masked classes: the softmax exists if another shard holds a class that is not masked.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct State {
    /// The greatest logit; −∞ where all classes are masked, NaN where one is NaN.
    peak: f64,
    /// `Σ exp(x − peak)` over all other classes; −1 where all are masked, so that the whole sum is 0.
    rest: f64,
    /// `Σ share·(peak − x)`.
    spread: f64,
    /// The share of the greatest logit's class.
    peak_share: f64,
    /// The sum of all other shares.
    other_shares: f64,
    /// The logit and the weight of the label's class, where this shard holds it.
    label: Option<[f64; 2]>,
    /// For observations: `Σ exp(x − peak)·(peak − x)`, and the first class with the greatest logit, if there is one. Classes
    /// are numbered over all shards.
    gap_sum: f64,
    top: Option<usize>,
}

/// Scores the classes of a shard, given the merged state of all shards.
pub(in crate::cpu) fn score(leaf: &dyn Softmax, row: &Row, whole: State) -> Scored {
    score_by(leaf, row, &whole.row())
}

/// The numbers of a row, those of one shard after the other. `all` holds the statistics of all shards, each with `rows` rows.
pub(in crate::cpu) fn of_shards(all: &[f64], row: usize, rows: usize) -> impl Iterator<Item = [f64; OF_POSITION]> + '_ {
    let of_shards = all.chunks_exact(OF_POSITION).skip(row).step_by(rows.max(1));
    of_shards.filter_map(|numbers| numbers.try_into().ok())
}

/// The merged state of a row, from the statistics of all shards.
pub(in crate::cpu) fn merged(all: &[f64], row: usize, rows: usize) -> Option<State> {
    of_shards(all, row, rows).map(State::of_numbers).reduce(State::merge)
}

/// The merged state of a row, from the statistics of all shards including those for observations.
pub(in crate::cpu) fn merged_with_notes(all: &[f64], row: usize, rows: usize) -> Option<State> {
    let of_shards = all.chunks_exact(OF_POSITION + OF_NOTES).skip(row).step_by(rows.max(1));
    let state = |numbers: &[f64]| {
        let (numbers, notes) = numbers.split_at(OF_POSITION);
        Some(State::of_numbers(numbers.try_into().ok()?).with_notes(notes.try_into().ok()?))
    };
    of_shards.filter_map(state).reduce(State::merge)
}

impl State {
    /// The statistics of a shard's own classes.
    pub fn of(leaf: &dyn Softmax, row: &Row) -> State {
        let label = row.here().map(|label| [row.x[label], row.weight[label]]);
        let own = State::of_shares(&row.x, &shares(leaf, row));
        State { label, top: own.top.map(|top| row.first + top), ..own }
    }

    /// The statistics of logits, each with its share of the loss.
    pub fn of_shares(x: &[f64], shares: &[f64]) -> State {
        let top = greatest(x);
        let nan = x.iter().any(|x| x.is_nan());
        let peak = if nan { f64::NAN } else { x.get(top).copied().unwrap_or(f64::NEG_INFINITY) };
        // two infinite logits have no gap, although ∞ − ∞ is NaN
        let gap = |k: usize| if x[k] == peak { 0.0 } else { peak - x[k] };
        // a masked class that has a share makes the loss infinite
        let surprise = |k: usize| if x[k] == f64::NEG_INFINITY { f64::INFINITY } else { gap(k) };
        let others = || (0..x.len()).filter(|&k| k != top);
        // an infinite share of the greatest logit adds nothing
        let spread_out = |&k: &usize| shares[k] != 0.0 && surprise(k) != 0.0;
        State {
            peak,
            rest: if peak == f64::NEG_INFINITY { -1.0 } else { others().map(|k| (-gap(k)).exp()).sum() },
            spread: (0..x.len()).filter(spread_out).map(|k| shares[k] * surprise(k)).sum(),
            peak_share: shares.get(top).copied().unwrap_or(0.0),
            other_shares: others().map(|k| shares[k]).sum(),
            label: None,
            gap_sum: others().map(|k| part_of((-gap(k)).exp(), gap(k))).sum(),
            top: x.iter().position(|x| *x == peak).filter(|_| peak.is_finite()),
        }
    }

    /// The state of both shards' classes together. The order of merges only affects rounding.
    pub fn merge(self, other: State) -> State {
        // as sent, a shard without classes has the lowest f32 as its peak, which may also be a logit
        let (top, low) = if other.peak > self.peak || self.all_masked() { (other, self) } else { (self, other) };
        // a NaN in one shard makes the whole row's peak NaN
        let peak = if low.peak.is_nan() { low.peak } else { top.peak };
        let gap = if low.all_masked() { 0.0 } else { peak - low.peak };
        let equal = low.top.filter(|_| low.peak == top.peak);
        State {
            peak,
            rest: if low.all_masked() { top.rest } else { top.rest + (1.0 + low.rest) * (-gap).exp() },
            spread: top.spread + low.spread + if gap == 0.0 { 0.0 } else { part_of(low.all_shares(), gap) },
            peak_share: top.peak_share,
            other_shares: top.other_shares + low.all_shares(),
            label: self.label.or(other.label),
            gap_sum: match low.all_masked() {
                true => top.gap_sum,
                false => top.gap_sum + (-gap).exp() * low.gap_sum + part_of((1.0 + low.rest) * (-gap).exp(), gap),
            },
            top: top.top.into_iter().chain(equal).min(),
        }
    }

    /// The softmax of the whole row, once all shards are merged.
    pub fn softmax(self) -> RowSoftmax {
        match self.peak.is_finite() && !self.all_masked() {
            true => RowSoftmax { max: self.peak, rest: self.rest },
            false => RowSoftmax::NONE,
        }
    }

    /// `Σ share·(−log p)` of the whole row, and `Σ share`.
    pub fn surprise(self) -> [f64; 2] {
        let shares = self.all_shares();
        [self.spread + part_of(shares, self.softmax().log_total()), shares]
    }

    /// The whole row, once all shards are merged.
    fn row(self) -> WholeRow {
        let softmax = self.softmax();
        let State { spread, peak_share: top_share, other_shares, label, .. } = self;
        WholeRow { softmax, spread, top_share, other_shares, label }
    }

    /// The numbers that go to another device, in the order of `shaders/geometry/positions_statistics.wgsl`. NaN travels as a
    /// flag, since shaders may assume it away.
    pub fn numbers(self) -> [f64; OF_POSITION] {
        let known = |x: f64| if x.is_nan() { 0.0 } else { x };
        let has_none = self.peak.is_nan() || self.peak == f64::INFINITY;
        let unknown_share = self.all_shares().is_nan() || (!has_none && self.spread.is_nan());
        let flag = |set: bool, bit: u32| if set { f64::from(bit) } else { 0.0 };
        let flags = flag(has_none, NO_SOFTMAX) + flag(unknown_share, UNKNOWN_SHARE) + flag(self.label.is_some(), LABEL);
        let [x, weight] = self.label.unwrap_or_default();
        let peak = if has_none || self.all_masked() { LOWEST } else { self.peak };
        let [peak_share, other_shares] = [self.peak_share, self.other_shares].map(known);
        [peak, known(self.rest), known(self.spread), peak_share, other_shares, flags, x, weight]
    }

    /// The state that another device sent as these numbers.
    pub fn of_numbers(numbers: [f64; OF_POSITION]) -> State {
        let [peak, rest, spread, peak_share, other_shares, flags, x, weight] = numbers;
        let has = |bit: u32| (flags as u32) & bit != 0;
        State {
            peak: if has(NO_SOFTMAX) { f64::NAN } else { peak },
            rest,
            spread: if has(UNKNOWN_SHARE) { f64::NAN } else { spread },
            peak_share,
            other_shares: if has(UNKNOWN_SHARE) { f64::NAN } else { other_shares },
            label: has(LABEL).then_some([x, weight]),
            gap_sum: 0.0,
            top: None,
        }
    }

    /// All numbers that go to another device: the state's, and with `observes` those of observations.
    pub fn sent(self, observes: bool) -> Vec<f64> {
        self.numbers().into_iter().chain(self.notes().into_iter().filter(|_| observes)).collect()
    }

    /// The numbers of observations that go to another device. The class is sent as two halves of 16 bits, which are exact
    /// in f32.
    fn notes(self) -> [f64; OF_NOTES] {
        let class = self.top.map_or(u32::MAX, |top| top as u32);
        let known = |x: f64| if x.is_nan() { 0.0 } else { x };
        [known(self.gap_sum), f64::from(class >> 16), f64::from(class & 0xffff)]
    }

    /// The state with the numbers of observations that another device sent.
    fn with_notes(self, [gap_sum, high, low]: [f64; OF_NOTES]) -> State {
        let class = ((high as u32) << 16) | low as u32;
        State { gap_sum, top: (class != u32::MAX).then_some(class as usize), ..self }
    }

    /// The numbers from which the observations of the whole row follow. `label` is the class of the row's label.
    pub fn seen(self, label: usize) -> Seen {
        let (softmax, of_label) = (self.softmax(), self.label.map_or(f64::NAN, |[x, _]| x));
        let top = self.top.filter(|_| !softmax.max.is_nan());
        Seen { softmax, gap_sum: self.gap_sum, top, label, of_label, ahead: None }
    }

    fn all_masked(&self) -> bool {
        self.rest == -1.0
    }

    fn all_shares(&self) -> f64 {
        self.peak_share + self.other_shares
    }
}

/// The flags among the numbers of a state.
const NO_SOFTMAX: u32 = 1;
const UNKNOWN_SHARE: u32 = 2;
const LABEL: u32 = 4;

/// The lowest f32, which shaders use as the greatest logit where there is none.
const LOWEST: f64 = f32::MIN as f64;

#[cfg(test)]
mod tests {
    use super::super::row::{Row, Scored};
    use super::super::softmax;
    use super::{State, score};
    use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
    use std::ops::Range;

    /// A leaf whose loss and derivatives depend on all statistics.
    struct Leaf {
        smoothing: f64,
    }

    impl Softmax for Leaf {
        fn ignore_index(&self) -> i32 {
            -100
        }
        fn share(&self, q: f64, classes: usize) -> f64 {
            (1.0 - self.smoothing) * q + self.smoothing / classes as f64
        }
        fn spreads(&self) -> bool {
            self.smoothing > 0.0
        }
        fn score(&self, row: &SoftmaxStatistics) -> SoftmaxScore {
            SoftmaxScore {
                loss: row.weight * (row.nll + row.miss) + row.spread,
                d_nll: row.weight * (2.0 - row.miss),
                extra: row.lse * row.lse,
                d_lse: 2.0 * row.lse,
            }
        }
    }

    /// The classes of a range.
    fn shard(row: &Row, range: &Range<usize>) -> Row {
        Row {
            x: row.x[range.clone()].to_vec(),
            dense: row.dense.as_ref().map(|q| q[range.clone()].to_vec()),
            label: row.label.map(|label| label.wrapping_sub(range.start)),
            weight: row.weight[range.clone()].to_vec(),
            classes: row.classes,
            first: row.first + range.start,
        }
    }

    fn near(got: f64, want: f64) -> bool {
        got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= 1e-13 * want.abs().max(1.0)
    }

    /// Compares the shards of a row with the whole row.
    fn compare(leaf: &Leaf, row: &Row, cuts: &[usize]) {
        let ends = cuts.iter().copied().chain([row.x.len()]);
        let ranges: Vec<Range<usize>> =
            [0].into_iter().chain(cuts.iter().copied()).zip(ends).map(|(a, b)| a..b).collect();
        let shards: Vec<Row> = ranges.iter().map(|range| shard(row, range)).collect();
        let states: Vec<State> = shards.iter().map(|shard| State::of(leaf, shard)).collect();
        let sent = states.iter().map(|state| State::of_numbers(state.numbers()));
        let wholes = [
            ("merged in order", states.iter().copied().reduce(State::merge)),
            ("merged in reverse", states.iter().rev().copied().reduce(State::merge)),
            ("sent and merged", sent.reduce(State::merge)),
        ];
        let want = softmax::score(leaf, row);
        for (how, whole) in wholes {
            let said = || format!("{:?} cut at {cuts:?}, {how}", row.x);
            let scores: Vec<Scored> = shards.iter().map(|shard| score(leaf, shard, whole.unwrap())).collect();
            for got in &scores {
                assert!(near(got.loss, want.loss), "{}: loss {} not {}", said(), got.loss, want.loss);
                assert!(near(got.extra, want.extra), "{}: extra {} not {}", said(), got.extra, want.extra);
                assert_eq!(got.weight, want.weight, "{}", said());
            }
            let all =
                |of: fn(&Scored) -> &Vec<f64>| scores.iter().flat_map(|score| of(score).clone()).collect::<Vec<_>>();
            for (got, want) in [(all(|score| &score.d), &want.d), (all(|score| &score.d_extra), &want.d_extra)] {
                let good = got.len() == want.len() && got.iter().zip(want).all(|(&got, &want)| near(got, want));
                assert!(good, "{}: derivatives {got:?} not {want:?}", said());
            }
        }
    }

    #[test]
    fn shards_merge_into_the_whole_row() {
        let (masked, inf, nan) = (f64::NEG_INFINITY, f64::INFINITY, f64::NAN);
        let rows: [&[f64]; 13] = [
            &[0.7],
            &[1.0, 1.0],
            &[0.5, -2.0, 3.0, 1.0, 0.0],
            &[1e6, 1e6 - 1.0, 1e6 - 40.0, 0.0],
            &[-3e7, -3e7 + 2.0, -3e7],
            &[700.0, -700.0, 0.0],
            &[masked, masked, 2.0, 1.0],
            &[1.0, masked, masked, masked],
            &[f64::from(f32::MIN), masked, masked],
            &[masked, masked, masked],
            &[nan, 1.0, 2.0, 3.0],
            &[1.0, 2.0, masked, nan],
            &[0.0, inf, 1.0, masked],
        ];
        for x in rows {
            let n = x.len();
            let weight: Vec<f64> = (0..n).map(|k| 0.5 + k as f64).collect();
            let q: Vec<f64> = (0..n).map(|k| if k % 2 == 0 { 0.75 } else { 0.0 }).collect();
            let labels = (0..n).map(|label| (Some(label), None));
            for (label, dense) in labels.chain([(None, Some(q))]) {
                let row = Row { x: x.to_vec(), dense, label, weight: weight.clone(), classes: n, first: 0 };
                for leaf in [Leaf { smoothing: 0.0 }, Leaf { smoothing: 0.25 }] {
                    compare(&leaf, &row, &[]);
                    for cut in 0..=n {
                        // a shard may have no classes
                        compare(&leaf, &row, &[cut]);
                        (cut..=n).for_each(|second| compare(&leaf, &row, &[cut, second]));
                    }
                }
            }
        }
    }
}
