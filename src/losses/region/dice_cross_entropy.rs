//! The sum of the Dice loss and cross-entropy, in one pass over the logits.

use super::dice::dice_score;
use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums, FusedLoss};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::CrossEntropy;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Dice loss and cross-entropy: `dice_weight·dice + cross_entropy_weight·cross_entropy`, in one pass over the
    /// logits.
    ///
    /// `input` holds logits, floats `[N, C, ...]`, or with the class axis last. `target` holds labels, integers
    /// `[N, ...]` in `0..C` or `ignore_index`, or it holds probabilities, floats of the input's shape.
    /// [`Extra::Weight`] is a weight for each class, always `[C]`, in both losses. [`Extra::Mask`], `[N, d1, ..., dk]`,
    /// leaves out each position where it is 0. Gradients: `input`.
    ///
    /// [`Dice`](crate::Dice) and [`CrossEntropy`](crate::CrossEntropy) define the two losses and their options. Each
    /// loss is reduced by itself, then the two are added; there is no reduction `none`. An outcome reports `.dice` and
    /// `.cross_entropy` (and `.z_loss`), each with its sum and denominator. `activation` and `include_background`
    /// concern Dice alone: the cross-entropy takes the input as logits, and includes all classes.
    ///
    /// If the input has one channel, labels are 0 and 1, and the input is the logit of label 1 against a logit of 0.
    /// The cross-entropy is then [`BceWithLogits`](crate::BceWithLogits) with the class weight as `pos_weight`, and its
    /// mean divides by the number of kept positions. Positions with the label `ignore_index` enter neither loss.
    ///
    /// If the activation is a softmax, both losses and their gradients use the same one, computed as in
    /// [`CrossEntropy`](crate::CrossEntropy).
    ///
    /// Reference: MONAI's `DiceCELoss`. Paper: Isensee et al., "nnU-Net", 2021, which weights both losses by 1. See
    /// also: [`Dice`](crate::Dice), [`CrossEntropy`](crate::CrossEntropy).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, DiceCrossEntropy, cpu};
    /// let logits = Array::new(&[0.0f32; 8], [1, 2, 4])?;
    /// let labels = Array::new(&[0u8, 0, 1, 1], [1, 4])?;
    /// // all probabilities are ½: a Dice loss of 1 − 2·1/(2 + 2), and a cross-entropy of log 2
    /// let loss = cpu::value(&DiceCrossEntropy::default().of(&logits, &labels))?.loss()?;
    /// assert!((loss - (0.5 + 2f64.ln())).abs() < 1e-5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct DiceCrossEntropy of (input, target) as Region {
        /// The share ε of the cross-entropy's target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The factor of `lse²` in the cross-entropy, a term that keeps the logits from drifting; lse is the log of
        /// `Σ exp(x)`.
        pub z_loss: f32 = 0.0, Range::AtLeast(0.0);
        /// How the input becomes probabilities for Dice.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// Whether Dice includes class 0, the background.
        pub include_background: bool = true, Range::Any;
        /// Whether `Σp` and `Σt` are sums of squares in Dice.
        pub squared_pred: bool = false, Range::Any;
        /// Whether the Jaccard index replaces the Dice score: the denominator is then `2·(Σp + Σt − Σpt)`.
        pub jaccard: bool = false, Range::Any;
        /// Whether the overlap in Dice is `(Σp + Σt − Σ|p − t|)/2` in place of `Σpt`, so that a probability between 0
        /// and 1 that equals its target counts as right. It has no effect with `squared_pred`.
        pub soft_label: bool = false, Range::Any;
        /// Whether the Dice loss takes `−log(max(ratio, 1e-7))` in place of `1 − ratio`, where `ratio` is the overlap
        /// score. The gradient is 0 where the ratio is below 1e-7.
        pub log_loss: bool = false, Range::Any;
        /// Whether the sums of Dice run over all items of the batch together.
        pub batch: bool = false, Range::Any;
        /// A number that is added to the numerator of Dice, in units of positions.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// A number that is added to the denominator of Dice, in units of positions.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The factor of the Dice loss in the sum.
        pub dice_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The factor of the cross-entropy in the sum.
        pub cross_entropy_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The label of positions that both losses leave out. It has no effect if the target holds floats.
        pub ignore_index: i32 = -100, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "dice_cross_entropy",
    title: "overlap of regions and cross-entropy in one pass",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Probability),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/region/dice_cross_entropy"),
    default: || Box::new(DiceCrossEntropy::default()),
};

impl Region for DiceCrossEntropy {
    fn settings(&self) -> RegionSettings {
        RegionSettings {
            activation: self.activation,
            include_background: self.include_background,
            batch: self.batch,
            squared: self.squared_pred,
            soft: self.soft_label,
            together: false,
            ignore_index: Some(self.ignore_index),
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        dice_score(s, self.jaccard, self.log_loss, self.smooth_nr, self.smooth_dr)
    }
    fn fused_loss(&self) -> Option<FusedLoss> {
        let cross_entropy = CrossEntropy {
            ignore_index: self.ignore_index,
            label_smoothing: self.label_smoothing,
            z_loss: self.z_loss,
            ..CrossEntropy::default()
        };
        Some(FusedLoss {
            loss: Box::new(cross_entropy),
            include_background: true,
            counts_classes: false,
            own_name: "dice",
            own_weight: self.dice_weight,
            weight: self.cross_entropy_weight,
        })
    }
}
