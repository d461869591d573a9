//! The Tversky loss of regions, and its focal form.

use super::dice::minus_log;
use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Tversky loss: `(1 − (TP + smooth_nr) / (TP + α·FP + β·FN + smooth_dr))^γ` for each item and class, with
    /// `TP = Σpt`, `FP = Σp(1 − t)` and `FN = Σ(1 − p)t`.
    ///
    /// `input` holds floats `[N, C, ...]`, or with the class axis last; `p` are its probabilities, after the
    /// activation. `target` holds labels, integers `[N, ...]` in `0..C` or `ignore_index`, or it holds floats of the
    /// input's shape. Sums run over the positions of an item. With the reduction `none` the result is `[N, C]`; with
    /// `batch` it is `[C]`, and without the background it has one class fewer. [`Extra::Weight`] multiplies the values
    /// of each class; it is always `[C]`. A mean divides by the number of values, whatever the weights. [`Extra::Mask`]
    /// of the shape `[N, d1, ..., dk]` leaves out each position where it is 0. If the activation is no softmax, a mask
    /// of the input's shape may leave out single elements. Gradients: `input`.
    ///
    /// α = β = ½ gives [`Dice`](crate::Dice), except for the smoothing; α = β = 1 gives the Jaccard index. A γ other
    /// than 1 makes the loss focal. If the input has one channel, labels are 0 and 1, and a label is itself the target.
    /// Positions with the label `ignore_index` enter no sum, and their gradient is 0.
    ///
    /// `1 − ratio` is computed from the errors, `α·FP + β·FN`, not as a difference, so that the loss of a good overlap
    /// keeps its digits. Where `1 − ratio` is exactly 0 and γ is below 1, the gradient is 0, although autograd gives
    /// infinities. Where `1 − ratio` is negative, which takes a `smooth_nr` greater than `smooth_dr`, and γ is not a
    /// whole number, the loss is NaN, as in PyTorch.
    ///
    /// With `log_loss`, the loss is `(−log(max(ratio, 1e-7)))^γ`.
    ///
    /// Papers: Salehi et al., "Tversky loss function for image segmentation", 2017, which recommends α = 0.3 and β =
    /// 0.7; Abraham and Khan, "A novel focal Tversky loss function", 2018, which recommends the exponent γ = 3/4 (4/3
    /// in its notation). Reference: MONAI's `TverskyLoss`, raised to γ. See also: [`Dice`](crate::Dice).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Activation, Array, Tversky, cpu};
    /// let predicted = Array::new(&[1.0f32, 1.0, 0.0, 0.0], [1, 1, 4])?;
    /// let labels = Array::new(&[1u8, 0, 0, 0], [1, 4])?;
    /// // TP = 1 and FP = 1: 1 − 1/(1 + ¼)
    /// let loss = Tversky { activation: Activation::None, alpha: 0.25, beta: 0.75, ..Default::default() };
    /// assert!((cpu::value(&loss.of(&predicted, &labels))?.loss()? - 0.2).abs() < 1e-5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Tversky of (input, target) as Region {
        /// How the input becomes probabilities.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// Whether the loss includes class 0, the background.
        pub include_background: bool = true, Range::Any;
        /// Whether the sums run over all items of the batch together.
        pub batch: bool = false, Range::Any;
        /// Whether the overlap is `(Σp + Σt − Σ|p − t|)/2` in place of `Σpt`, so that a probability between 0 and 1
        /// that equals its target counts as right.
        pub soft_label: bool = false, Range::Any;
        /// Whether the loss takes `−log(max(ratio, 1e-7))` in place of `1 − ratio`, where `ratio` is the overlap score.
        /// The gradient is 0 where the ratio is below 1e-7.
        pub log_loss: bool = false, Range::Any;
        /// A number that is added to the numerator, in units of positions.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// A number that is added to the denominator, in units of positions.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The weight α of false positives.
        pub alpha: f32 = 0.5, Range::AtLeast(0.0);
        /// The weight β of false negatives.
        pub beta: f32 = 0.5, Range::AtLeast(0.0);
        /// The power γ that the loss of a class is raised to.
        pub gamma: f32 = 1.0, Range::Above(0.0);
        /// The label of positions that are left out. It has no effect if the target holds floats.
        pub ignore_index: Option<i32> = None, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "tversky",
    title: "overlap of regions, its two errors weighted",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Binary),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
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
            soft: self.soft_label,
            together: false,
            ignore_index: self.ignore_index,
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        let (nr, dr) = (f64::from(self.smooth_nr), f64::from(self.smooth_dr));
        let (alpha, beta, gamma) = (f64::from(self.alpha), f64::from(self.beta), f64::from(self.gamma));
        let wrong = alpha * s.false_pos + beta * s.false_neg;
        // a probability that was rounded above 1 must not make the power NaN
        let wrong = if wrong < 0.0 && gamma.fract() != 0.0 { 0.0 } else { wrong };
        let denominator = s.true_pos + wrong + dr;
        let ratio = (s.true_pos + nr) / denominator;
        let miss = (wrong + (dr - nr)) / denominator;
        let (raised, by_log) = if self.log_loss { minus_log(miss, ratio) } else { (miss, 1.0) };
        // where γ is below 1 the power has an infinite slope at 0, which would make a perfect overlap's gradient
        // infinite or NaN
        let slope = if raised == 0.0 && gamma < 1.0 { 0.0 } else { by_log * gamma * raised.powf(gamma - 1.0) };
        RegionScore {
            loss: raised.powf(gamma),
            d_true_pos: -slope * miss / denominator,
            d_false_pos: slope * alpha * ratio / denominator,
            d_false_neg: slope * beta * ratio / denominator,
        }
    }
}
