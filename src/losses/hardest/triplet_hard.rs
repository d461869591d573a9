//! Triplet loss of each anchor's hardest positive and hardest negative.

use crate::leaf::{Hardest, HardestDistances, HardestScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Batch-hard triplet loss: `max(d⁺ − d⁻ + margin, 0)` for each anchor, where `d⁺` is the anchor's greatest
    /// Euclidean distance to a row with the same label, and `d⁻` its least distance to a row with another label.
    ///
    /// `features` holds floats `[N, D]`, and each row is an anchor. `labels` are integers `[N]` (`i32`, `u32`, `u8` or
    /// `i64`) of any value. With the reduction `none` the result is `[N]`. A row is not its own positive. An anchor
    /// without a positive or without a negative has the value 0, and a mean leaves it out. Gradients: `features`,
    /// `anchors`.
    ///
    /// With `soft`, the loss is `log(1 + exp(d⁺ − d⁻))`: there is no margin, and every triplet has a gradient, however
    /// far apart `d⁺` and `d⁻` are.
    ///
    /// For a shard of a batch, [`Extra::Anchors`], `[n, D]`, are the rows of `features` that belong to the shard, and
    /// [`Term::rows_from`] says where they begin. Each anchor is compared with all rows of `features`, and the
    /// unreduced loss then has `n` values. A row has a gradient as an anchor, in `anchors`, and one as a row that
    /// anchors are compared with, in `features`. Its whole gradient is the sum of these over all shards.
    ///
    /// The gradient flows to the anchor, to its hardest positive and to its hardest negative. Positives, or negatives,
    /// at the same distance share it equally. Where a distance is exactly 0, its gradient is 0. Where
    /// `d⁺ − d⁻ + margin` is exactly 0, the derivative is that of this expression, as in
    /// [`TripletMargin`](crate::TripletMargin), and not 0.
    ///
    /// Distances are computed from the differences of rows, not from their products, so that the distances of close
    /// rows keep their digits. Differences are scaled where their squares would overflow or vanish. A GPU stores no
    /// more of the N×N distances than a block of bounded size, and computes them again for the gradient, with the same
    /// bits. A row with an infinite element counts as NaN.
    ///
    /// Paper: Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017. See also:
    /// [`TripletMargin`](crate::TripletMargin), for triplets that are given; [`SupCon`](crate::SupCon), which compares
    /// an anchor with all its positives.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, TripletHard, cpu};
    /// let features = Array::new(&[0.0f32, 1.0, 3.0, 8.0], [4, 1])?;
    /// let labels = Array::new(&[7i32, 7, 9, 9], [4])?;
    /// // only the third row is nearer to another label than to its own: by 5 − 2
    /// let loss = TripletHard::new().margin(0.0).of(&features, &labels);
    /// assert_eq!(cpu::value(&loss)?.loss()?, (5.0 - 2.0) / 4.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct TripletHard of (features, labels) as Hardest {
        /// By how much the distance to the nearest negative has to exceed the distance to the farthest positive, in
        /// units of the distance.
        pub margin: f32 = 0.3, Range::Any;
        /// Whether a softplus without a margin replaces the hinge.
        pub soft: bool = false, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "triplet_hard",
    title: "the farthest row of a label against the nearest of another",
    operands: &[
        OperandSpec::new("features", Role::Rows).differentiable(),
        OperandSpec::new("labels", Role::RowLabels),
        OperandSpec::new("anchors", Role::Anchors).differentiable().optional(),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/hardest/triplet_hard"),
    default: || Box::new(TripletHard::default()),
};

impl Hardest for TripletHard {
    fn score(&self, HardestDistances { positive, negative }: HardestDistances) -> HardestScore {
        let apart = positive - negative;
        if self.soft {
            let slope = sigmoid(apart);
            return HardestScore { loss: softplus(apart), d_positive: slope, d_negative: -slope };
        }
        let loss = apart + f64::from(self.margin);
        match loss {
            _ if loss < 0.0 => HardestScore::default(),
            _ => HardestScore { loss, d_positive: 1.0, d_negative: -1.0 },
        }
    }
}
