//! The Dice loss of regions.

use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Dice loss: `1 − (2·Σpt + smooth_nr) / (Σp + Σt + smooth_dr)` for each item and class.
    ///
    /// `input` holds floats `[N, C, ...]`, or with the class axis last; `p` are its probabilities, after the
    /// activation. `target` holds labels, integers `[N, ...]` in `0..C` or `ignore_index`, or it holds floats of the
    /// input's shape. Sums run over the positions of an item. With the reduction `none` the result is `[N, C]`; with
    /// `batch` it is `[C]`, and without the background it has one class fewer. [`Extra::Weight`] multiplies the values
    /// of each class; it is always `[C]`. A mean divides by the number of values, whatever the weights. [`Extra::Mask`]
    /// of the shape `[N, d1, ..., dk]` leaves out each position where it is 0. If the activation is no softmax, a mask
    /// of the input's shape may leave out single elements. Gradients: `input`.
    ///
    /// If the input has one channel, labels are 0 and 1, and a label is itself the target. Positions with the label
    /// `ignore_index` enter no sum, and their gradient is 0.
    ///
    /// The loss is computed from the errors, `Σp(1 − t) + Σ(1 − p)t`, not as a difference from 1, so that the loss of a
    /// good overlap keeps its digits.
    ///
    /// Paper: Milletari et al., "V-Net", 2016. Reference: MONAI's `DiceLoss`, with its defaults for the smoothing. See
    /// also: [`DiceCrossEntropy`](crate::DiceCrossEntropy), the sum with cross-entropy; [`Tversky`](crate::Tversky).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Activation, Array, Dice, cpu};
    /// let predicted = Array::new(&[1.0f32, 1.0, 0.0, 0.0], [1, 1, 4])?;
    /// let labels = Array::new(&[1u8, 0, 0, 0], [1, 4])?;
    /// // two positions predicted, one right, one wanted: 1 − 2·1/(2 + 1)
    /// let loss = Dice { activation: Activation::None, ..Default::default() }.of(&predicted, &labels);
    /// assert!((cpu::value(&loss)?.loss()? - 1.0 / 3.0).abs() < 1e-5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Dice of (input, target) as Region {
        /// How the input becomes probabilities.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// Whether the loss includes class 0, the background.
        pub include_background: bool = true, Range::Any;
        /// Whether `Σp` and `Σt` are sums of squares.
        pub squared_pred: bool = false, Range::Any;
        /// Whether the Jaccard index replaces the Dice score: the denominator is then `2·(Σp + Σt − Σpt)`.
        pub jaccard: bool = false, Range::Any;
        /// Whether the overlap is `(Σp + Σt − Σ|p − t|)/2` in place of `Σpt`, so that a probability between 0 and 1
        /// that equals its target counts as right. It has no effect with `squared_pred`.
        pub soft_label: bool = false, Range::Any;
        /// Whether the loss takes `−log(max(ratio, 1e-7))` in place of `1 − ratio`, where `ratio` is the overlap score.
        /// The gradient is 0 where the ratio is below 1e-7.
        pub log_loss: bool = false, Range::Any;
        /// Whether the sums run over all items of the batch together.
        pub batch: bool = false, Range::Any;
        /// A number that is added to the numerator, in units of positions.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// A number that is added to the denominator, in units of positions.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The label of positions that are left out. It has no effect if the target holds floats.
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
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
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
            soft: self.soft_label,
            together: false,
            ignore_index: self.ignore_index,
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        dice_score(s, self.jaccard, self.log_loss, self.smooth_nr, self.smooth_dr)
    }
}

/// Returns the Dice loss of a region's sums, and its derivatives. `shaders/fold/regions.wgsl` has the same function.
pub(super) fn dice_score(s: RegionSums, jaccard: bool, log_loss: bool, smooth_nr: f32, smooth_dr: f32) -> RegionScore {
    let (nr, dr) = (f64::from(smooth_nr), f64::from(smooth_dr));
    let wrong = s.false_pos + s.false_neg;
    // Dice's denominator is Σp + Σt = 2·Σpt + wrong; twice Jaccard's is 2·(Σp + Σt − Σpt) = 2·Σpt + 2·wrong
    let times = if jaccard { 2.0 } else { 1.0 };
    let denominator = 2.0 * s.true_pos + times * wrong + dr;
    // loss and ratio add up to 1, but each is computed by itself: a difference from 1 would lose digits
    let loss = (times * wrong + (dr - nr)) / denominator;
    let ratio = (2.0 * s.true_pos + nr) / denominator;
    let d_wrong = times * ratio / denominator;
    let (loss, by_log) = if log_loss { minus_log(loss, ratio) } else { (loss, 1.0) };
    let d_right = -2.0 * ((times * wrong + (dr - nr)) / denominator) / denominator;
    RegionScore { loss, d_true_pos: by_log * d_right, d_false_pos: by_log * d_wrong, d_false_neg: by_log * d_wrong }
}

/// The lower bound of a score whose log is taken.
const LEAST_SCORE: f64 = 1e-7;

/// Returns −log of a score, and its derivative with respect to `miss`, which is 1 − score.
pub(super) fn minus_log(miss: f64, score: f64) -> (f64, f64) {
    match score {
        _ if score < LEAST_SCORE => (-LEAST_SCORE.ln(), 0.0),
        _ if miss <= 0.5 => (-(-miss).ln_1p(), 1.0 / score),
        _ => (-score.ln(), 1.0 / score),
    }
}
