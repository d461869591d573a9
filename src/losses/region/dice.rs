//! The Dice loss of regions.

use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Dice loss: `1 − (2·Σpt + smooth_nr) / (Σp + Σt + smooth_dr)` for each item and class.
    ///
    /// `input` is `[N, C, ...]`, or with the class axis last; `p` are its probabilities under the activation. `target` holds
    /// labels `[N, ...]`, integers, or dense floats of the input's shape. Sums run over the positions of an item, with
    /// `batch` over the batch as well. `none` is `[N, C]`, `[C]` with `batch`, one class fewer without background.
    /// [`Extra::Weight`] is a weight for each class, always `[C]`; a mean divides by the number of values.
    ///
    /// With one channel, labels 0 and 1 are the target themselves. Positions labelled `ignore_index` take no part in any
    /// sum and get a gradient of 0.
    ///
    /// `1 − ratio` is computed from what is wrong, `Σp(1 − t) + Σ(1 − p)t`, so that the loss of a good overlap keeps its
    /// digits.
    ///
    /// Paper: Milletari et al., "V-Net", 2016. Reference: MONAI's `DiceLoss`. Neighbours:
    /// [`CrossEntropy`](crate::CrossEntropy), to which it is often added.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` (0 and 1 for one channel) that is
    /// not `ignore_index`; [`Error::InvalidOption`](crate::Error::InvalidOption) for one channel with softmax or without
    /// background; [`Error::TooLarge`](crate::Error::TooLarge) for more than 8,192 classes on a GPU, whose lanes
    /// loop over those of a position: the CPU twin takes more.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    pub struct Dice of (input, target) as Region {
        /// What makes probabilities of the input.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// Whether class 0 takes part.
        pub include_background: bool = true, Range::Any;
        /// Whether `Σp` and `Σt` are sums of squares.
        pub squared_pred: bool = false, Range::Any;
        /// Whether the denominator is `2·(Σp + Σt − Σpt)`: the Jaccard index instead of Dice's.
        pub jaccard: bool = false, Range::Any;
        /// Whether sums run over the batch as well.
        pub batch: bool = false, Range::Any;
        /// Added to the numerator.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// Added to the denominator.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The label of positions that take no part. It does not act on dense targets.
        pub ignore_index: Option<i32> = None, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "dice",
    title: "overlap of regions",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Binary),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/region/dice"),
    default: || Box::new(Dice::default()),
};

impl Region for Dice {
    fn settings(&self) -> RegionSettings {
        RegionSettings {
            activation: self.activation,
            include_background: self.include_background,
            batch: self.batch,
            squared: self.squared_pred,
            together: false,
            ignore_index: self.ignore_index,
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        dice_score(s, self.jaccard, self.smooth_nr, self.smooth_dr)
    }
}

/// Dice's ratio of the sums of a region; its twin is in `shaders/fold/regions.wgsl`.
pub(super) fn dice_score(s: RegionSums, jaccard: bool, smooth_nr: f32, smooth_dr: f32) -> RegionScore {
    let (nr, dr) = (f64::from(smooth_nr), f64::from(smooth_dr));
    let wrong = s.false_pos + s.false_neg;
    // how often what is wrong counts: once in the mean of prediction and target, twice beside their union
    let times = if jaccard { 2.0 } else { 1.0 };
    let denominator = 2.0 * s.true_pos + times * wrong + dr;
    // the loss is 1 − ratio, of which neither is taken from the other
    let loss = (times * wrong + (dr - nr)) / denominator;
    let ratio = (2.0 * s.true_pos + nr) / denominator;
    let d_wrong = times * ratio / denominator;
    RegionScore { loss, d_true_pos: -2.0 * loss / denominator, d_false_pos: d_wrong, d_false_neg: d_wrong }
}
