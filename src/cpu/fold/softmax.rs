//! A loss of one softmax over the classes of a position.

use super::row::{Row, Scored};
use crate::cpu::softmax::Softmax as RowSoftmax;
use crate::leaf::{Softmax, SoftmaxStatistics};
use crate::math::{greatest, part_of};

/// The facts about a whole row that a score needs.
///
/// A dense target, or label smoothing, gives every class a share of the loss: `Σ share·(−log p)`.
pub(super) struct WholeRow {
    pub softmax: RowSoftmax,
    /// `Σ share·(max − x)`.
    pub spread: f64,
    /// The share of the greatest logit's class.
    pub top_share: f64,
    /// The sum of all other shares.
    pub other_shares: f64,
    /// The logit and the weight of the label's class.
    pub label: Option<[f64; 2]>,
}

/// Scores a row whose classes are not sharded.
pub(in crate::cpu) fn score(leaf: &dyn Softmax, row: &Row) -> Scored {
    score_by(leaf, row, &WholeRow::of(leaf, row))
}

impl WholeRow {
    fn of(leaf: &dyn Softmax, row: &Row) -> WholeRow {
        let (x, top) = (&row.x, greatest(&row.x));
        let softmax = RowSoftmax::of(x);
        let shares = shares(leaf, row);
        // the greatest logit adds nothing, even where its share is infinite
        let with_share = (0..x.len()).filter(|&k| shares[k] != 0.0 && x[k] != softmax.max);
        WholeRow {
            softmax,
            spread: with_share.map(|k| shares[k] * (softmax.max - x[k])).sum(),
            top_share: shares.get(top).copied().unwrap_or(0.0),
            other_shares: (0..x.len()).filter(|&k| k != top).map(|k| shares[k]).sum(),
            label: row.here().map(|label| [x[label], row.weight[label]]),
        }
    }

    fn all_shares(&self) -> f64 {
        self.top_share + self.other_shares
    }

    /// The statistics of the row that the leaf sees.
    fn statistics(&self) -> SoftmaxStatistics {
        let weight = self.label.map_or(0.0, |[_, weight]| weight);
        if self.softmax.max.is_nan() {
            let [nll, miss, spread, lse] = [f64::NAN; 4];
            return SoftmaxStatistics { nll, miss, spread, lse, weight };
        }
        SoftmaxStatistics {
            nll: self.label.map_or(0.0, |[x, _]| self.softmax.nll(x)),
            miss: self.label.map_or(0.0, |[x, _]| self.softmax.miss(x)),
            weight,
            spread: self.spread + part_of(self.all_shares(), self.softmax.log_total()),
            lse: self.softmax.lse(),
        }
    }

    /// The derivative of `Σ share·(−log p)` with respect to the logit of a class: `p·Σ share − share`.
    ///
    /// Where p is nearly 1 the two terms nearly cancel. For the class of the greatest logit, the same difference is therefore
    /// computed as `p·(other shares) − share·(1 − p)`.
    fn d_spread(&self, x: f64, share: f64) -> f64 {
        let RowSoftmax { max, rest } = self.softmax;
        match x == max && rest < 1.0 {
            true => self.other_shares * self.softmax.p(x) - share * rest / self.softmax.total(),
            false => self.all_shares() * self.softmax.p(x) - share,
        }
    }
}

/// The share of each class in `Σ share·(−log p)`, to which the leaf adds the loss of the label.
pub(super) fn shares(leaf: &dyn Softmax, row: &Row) -> Vec<f64> {
    let spared = |k: usize| leaf.spares_masked() && row.x[k] == f64::NEG_INFINITY;
    let smoothed = row.classes - (0..row.x.len()).filter(|&k| spared(k)).count();
    let share = |k: usize| match &row.dense {
        Some(q) => leaf.share(q[k], row.classes) * row.weight[k],
        None if leaf.spreads() && !spared(k) => leaf.share(0.0, smoothed) * row.weight[k],
        None => 0.0,
    };
    (0..row.x.len()).map(share).collect()
}

/// Scores a row by the facts about the whole row. The derivatives are those of the classes that `row` holds.
pub(super) fn score_by(leaf: &dyn Softmax, row: &Row, whole: &WholeRow) -> Scored {
    let statistics = whole.statistics();
    let (score, shares) = (leaf.score(&statistics), shares(leaf, row));
    let d = |k: usize| {
        let d_nll = if row.here() == Some(k) { -statistics.miss } else { whole.softmax.p(row.x[k]) };
        let of_label = if row.label.is_some() { score.d_nll * d_nll } else { 0.0 };
        of_label + whole.d_spread(row.x[k], shares[k])
    };
    Scored {
        loss: score.loss,
        extra: score.extra,
        weight: statistics.weight,
        d: (0..row.x.len()).map(d).collect(),
        d_extra: row.x.iter().map(|&x| score.d_lse * whole.softmax.p(x)).collect(),
    }
}
