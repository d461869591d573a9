//! The Tversky loss of regions, and its focal form.

use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Tversky loss: `(1 − (TP + smooth_nr) / (TP + α·FP + β·FN + smooth_dr))^γ` for each item and class.
    ///
    /// `TP` is `Σpt`, `FP` is `Σp(1 − t)` and `FN` is `Σ(1 − p)t`, over the positions of an item, with `batch` over the batch
    /// as well. `input` is `[N, C, ...]`, or with the class axis last; `p` are its probabilities under the activation.
    /// `target` holds labels `[N, ...]`, integers, or dense floats of the input's shape. `none` is `[N, C]`, `[C]` with
    /// `batch`, one class fewer without background; a mean divides by the number of values. α and β of ½ give
    /// [`Dice`](crate::Dice), but for the smoothing; α and β of 1 the Jaccard index. γ other than 1 makes it focal.
    ///
    /// With one channel, labels 0 and 1 are the target themselves. Positions labelled `ignore_index` take no part in any
    /// sum and get a gradient of 0.
    ///
    /// `1 − ratio` is computed from what is wrong, `α·FP + β·FN`, so that the loss of a good overlap keeps its digits. Where
    /// it is exactly 0 a γ below 1 has a cusp at the least value that there is: the gradient is 0 there, as it is at the
    /// kink of [`Dice`](crate::Dice)'s neighbours, where autograd gives infinities. Below 0, where `smooth_nr` is greater
    /// than `smooth_dr`, a γ that is not whole gives NaN, as in PyTorch.
    ///
    /// Papers: Salehi et al., "Tversky loss function for image segmentation", 2017; Abraham and Khan, "A novel focal Tversky
    /// loss function", 2018. Reference: MONAI's `TverskyLoss`, raised to γ. Neighbours: [`Dice`](crate::Dice).
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` (0 and 1 for one channel) that is
    /// not `ignore_index`; [`Error::InvalidOption`](crate::Error::InvalidOption) for one channel with softmax or without
    /// background; [`Error::TooLarge`](crate::Error::TooLarge) for more than 8,192 classes on a GPU, whose lanes
    /// loop over those of a position: the CPU twin takes more.
    pub struct Tversky of (input, target) as Region {
        /// What makes probabilities of the input.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// Whether class 0 takes part.
        pub include_background: bool = true, Range::Any;
        /// Whether sums run over the batch as well.
        pub batch: bool = false, Range::Any;
        /// Added to the numerator.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// Added to the denominator.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The weight α of false positives.
        pub alpha: f32 = 0.5, Range::AtLeast(0.0);
        /// The weight β of false negatives.
        pub beta: f32 = 0.5, Range::AtLeast(0.0);
        /// The power γ that the loss of a class is raised to.
        pub gamma: f32 = 1.0, Range::Above(0.0);
        /// The label of positions that take no part. It does not act on dense targets.
        pub ignore_index: Option<i32> = None, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "tversky",
    title: "overlap of regions, its two errors weighted",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Binary),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/region/tversky"),
    default: || Box::new(Tversky::default()),
};

impl Region for Tversky {
    fn settings(&self) -> RegionSettings {
        RegionSettings {
            activation: self.activation,
            include_background: self.include_background,
            batch: self.batch,
            squared: false,
            together: false,
            ignore_index: self.ignore_index,
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        let (nr, dr) = (f64::from(self.smooth_nr), f64::from(self.smooth_dr));
        let (alpha, beta, gamma) = (f64::from(self.alpha), f64::from(self.beta), f64::from(self.gamma));
        let wrong = alpha * s.false_pos + beta * s.false_neg;
        // a probability that was rounded above 1 is no reason for a root of what is below 0
        let wrong = if wrong < 0.0 && gamma.fract() != 0.0 { 0.0 } else { wrong };
        let denominator = s.true_pos + wrong + dr;
        let ratio = (s.true_pos + nr) / denominator;
        let base = (wrong + (dr - nr)) / denominator;
        // at the cusp of a γ below 1, 0 is as good a slope as any
        let slope = if base == 0.0 && gamma < 1.0 { 0.0 } else { gamma * base.powf(gamma - 1.0) };
        RegionScore {
            loss: base.powf(gamma),
            d_true_pos: -slope * base / denominator,
            d_false_pos: slope * alpha * ratio / denominator,
            d_false_neg: slope * beta * ratio / denominator,
        }
    }
}
