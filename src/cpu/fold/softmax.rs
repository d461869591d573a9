//! A softmax over classes.

use super::{Row, Scored};
use crate::check::OF_POSITION;
use crate::leaf::{Softmax, SoftmaxStatistics};
use crate::math::{greatest, part_of};

/// What a row's classes come to, or a piece of them: it merges.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct State {
    /// The greatest logit, and the sum of exp(x − peak) over all others; −1 where there is none, NaN where the row has no
    /// softmax.
    peak: f64,
    rest: f64,
    /// Σ share·(peak − x), the share of the peak's class, and Σ share over all others.
    spread: f64,
    peak_share: f64,
    other_shares: f64,
    /// What the label points at, where its class is here: the logit and the weight.
    label: Option<[f64; 2]>,
}

impl State {
    pub fn of(leaf: &dyn Softmax, row: &Row) -> State {
        let shares = shares(leaf, row);
        let top = greatest(&row.x);
        let peak = if row.x.iter().any(|x| x.is_nan()) { f64::NAN } else { row.x[top] };
        let gap = |k: usize| if row.x[k] == peak { 0.0 } else { peak - row.x[k] };
        let others = (0..row.x.len()).filter(|&k| k != top).map(|k| (-gap(k)).exp());
        let none = peak == f64::NEG_INFINITY;
        let shared = (0..row.x.len()).filter(|&k| shares[k] != 0.0);
        State {
            peak,
            rest: if none { -1.0 } else { others.sum() },
            // a masked class that has a share is infinitely surprising
            spread: shared
                .map(|k| shares[k] * if row.x[k] == f64::NEG_INFINITY { f64::INFINITY } else { gap(k) })
                .sum(),
            peak_share: shares.get(top).copied().unwrap_or(0.0),
            other_shares: (0..row.x.len()).filter(|&k| k != top).map(|k| shares[k]).sum(),
            label: row.here().map(|t| [row.x[t], row.weight[t]]),
        }
    }

    pub fn merge(self, other: State) -> State {
        let (top, low) = if other.peak > self.peak { (other, self) } else { (self, other) };
        // a piece without a softmax leaves none to the whole
        let peak = if low.peak.is_nan() { low.peak } else { top.peak };
        let gap = if low.rest == -1.0 { 0.0 } else { peak - low.peak };
        State {
            peak,
            rest: if low.rest == -1.0 { top.rest } else { top.rest + (1.0 + low.rest) * (-gap).exp() },
            spread: top.spread + low.spread + part_of(low.mass(), gap),
            peak_share: top.peak_share,
            other_shares: top.other_shares + low.mass(),
            label: self.label.or(other.label),
        }
    }

    /// The numbers that another device gets, in the order in which `shaders/geometry/positions_statistics.wgsl` writes them.
    pub fn numbers(self) -> [f64; OF_POSITION] {
        let known = |x: f64| if x.is_nan() { 0.0 } else { x };
        let has_none = self.peak.is_nan() || self.peak == f64::INFINITY;
        let unknown_share = self.mass().is_nan() || (!has_none && self.spread.is_nan());
        let flags = [has_none, unknown_share, self.label.is_some()].map(|flag| f64::from(u8::from(flag)));
        let flags = flags[0] + 2.0 * flags[1] + 4.0 * flags[2];
        let [x, weight] = self.label.unwrap_or_default();
        let peak = if has_none || self.rest == -1.0 { LOWEST } else { self.peak };
        let [peak_share, other_shares] = [self.peak_share, self.other_shares].map(known);
        [peak, known(self.rest), known(self.spread), peak_share, other_shares, flags, x, weight]
    }

    pub fn of_numbers(numbers: &[f64]) -> State {
        let &[peak, rest, spread, peak_share, other_shares, flags, x, weight] = numbers else {
            unreachable!("the checks give each position its numbers")
        };
        let flag = |bit: u32| (flags as u32) & bit != 0;
        State {
            peak: if flag(1) { f64::NAN } else { peak },
            rest,
            spread: if flag(2) { f64::NAN } else { spread },
            peak_share,
            other_shares: if flag(2) { f64::NAN } else { other_shares },
            label: flag(4).then_some([x, weight]),
        }
    }

    fn mass(&self) -> f64 {
        self.peak_share + self.other_shares
    }

    fn total(&self) -> f64 {
        1.0 + self.rest
    }

    /// Whether there is a softmax: not with a NaN, with +∞ or with nothing but −∞.
    fn is_one(&self) -> bool {
        self.peak.is_finite() && self.rest != -1.0
    }

    /// The probability of a class, by its logit.
    fn p(&self, x: f64) -> f64 {
        if self.is_one() { (x - self.peak).exp() / self.total() } else { f64::NAN }
    }

    /// The derivative of Σ share·(−log p) with respect to the logit of a class: mass·p − share. Of the peak's class, where it
    /// is the only one, as what the others' shares pull less what its own share lacks: neither cancels.
    fn of_shares(&self, x: f64, share: f64) -> f64 {
        let p = self.p(x);
        match x == self.peak && self.rest < 1.0 {
            true => self.other_shares * p - share * self.rest / self.total(),
            false => self.mass() * p - share,
        }
    }

    fn statistics(&self) -> SoftmaxStatistics {
        if !self.is_one() {
            let [nll, miss, spread, lse] = [f64::NAN; 4];
            return SoftmaxStatistics { nll, miss, spread, lse, weight: self.label.map_or(0.0, |[_, weight]| weight) };
        }
        let log_total = self.rest.ln_1p();
        let miss = |x: f64| match self.peak - x {
            0.0 => self.rest / self.total(),
            gap => (self.total() - (-gap).exp()) / self.total(),
        };
        SoftmaxStatistics {
            nll: self.label.map_or(0.0, |[x, _]| self.peak - x + log_total),
            miss: self.label.map_or(0.0, |[x, _]| miss(x)),
            weight: self.label.map_or(0.0, |[_, weight]| weight),
            spread: self.spread + part_of(self.mass(), log_total),
            lse: self.peak + log_total,
        }
    }
}

/// The lowest f32: what stands for the peak where there is none.
const LOWEST: f64 = f32::MIN as f64;

/// The share of each class in the loss beyond the label's own.
fn shares(leaf: &dyn Softmax, row: &Row) -> Vec<f64> {
    let share = |k: usize| match &row.dense {
        Some(q) => leaf.share(q[k], row.classes) * row.weight[k],
        None if leaf.spreads() => leaf.share(0.0, row.classes) * row.weight[k],
        None => 0.0,
    };
    (0..row.x.len()).map(share).collect()
}

/// The score of a row, or of a piece of it by the state of the whole.
pub(super) fn score(leaf: &dyn Softmax, row: &Row, whole: Option<State>) -> Scored {
    let state = whole.unwrap_or_else(|| State::of(leaf, row));
    let statistics = state.statistics();
    let (score, shares) = (leaf.score(&statistics), shares(leaf, row));
    let d = |k: usize| {
        let of_nll = if row.here() == Some(k) { -statistics.miss } else { state.p(row.x[k]) };
        let own = if row.label.is_some() { score.d_nll * of_nll } else { 0.0 };
        own + state.of_shares(row.x[k], shares[k])
    };
    Scored {
        loss: score.loss,
        extra: score.extra,
        weight: statistics.weight,
        d: (0..row.x.len()).map(d).collect(),
        d_extra: row.x.iter().map(|&x| score.d_lse * state.p(x)).collect(),
    }
}
