//! The sum of the Dice loss and binary cross-entropy, in one pass over the logits.

use super::dice::dice_score;
use crate::leaf::{Activation, FusedLoss, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::BceWithLogits;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Dice loss and binary cross-entropy: `dice_weight·dice + bce_weight·bce`, in one pass over the logits, for classes that
    /// do not exclude each other.
    ///
    /// `input` holds logits, floats `[N, C, ...]`, or with the class axis last. `target` holds floats from 0 to 1 of the
    /// input's shape, an answer for each class of each position; or it holds labels, integers `[N, ...]` in `0..C` or
    /// `ignore_index`, each of which is 1 for its class and 0 for the others. [`Extra::Weight`] is a weight for each class,
    /// always `[C]`, in both losses. [`Extra::PosWeight`], `[C]`, is a factor of each class's positive targets in the
    /// cross-entropy. [`Extra::Mask`] leaves out each position where it is 0, of the shape `[N, d1, ..., dk]`, or each
    /// element, of the input's shape, if the activation is no softmax. Gradients: `input`.
    ///
    /// [`Dice`](crate::Dice) and [`BceWithLogits`](crate::BceWithLogits) define the two losses and their options. Each is
    /// reduced by itself, then they are added; there is no `none`. The mean of the cross-entropy divides by the number of
    /// elements that take part, whatever their weights. An outcome reports `.dice` and `.bce_with_logits`, each with its sum
    /// and denominator. The activation and the background are for Dice alone: the cross-entropy takes the input as logits,
    /// of all classes. If the input has one channel, labels are 0 and 1, and they are the target themselves.
    ///
    /// The cross-entropy is computed from the logits in the form of [`BceWithLogits`](crate::BceWithLogits), and overlap as in
    /// [`Dice`](crate::Dice), so that both keep their digits where predictions are sure.
    ///
    /// Reference: MONAI's `DiceLoss` and PyTorch's `BCEWithLogitsLoss`. Paper: Isensee et al., "nnU-Net", 2021, which trains
    /// regions that overlap so. See also: [`DiceFocal`](crate::DiceFocal), where most of a picture is background;
    /// [`DiceCrossEntropy`](crate::DiceCrossEntropy), for classes that exclude each other.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, DiceBce, cpu};
    /// let logits = Array::new(&[0.0f32; 8], [1, 2, 4])?;
    /// let answers = Array::new(&[0.0f32, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0], [1, 2, 4])?;
    /// // all probabilities are ½: a Dice loss of 1 − 2·1/(2 + 2), and a cross-entropy of log 2
    /// let loss = cpu::value(&DiceBce::default().of(&logits, &answers))?.loss()?;
    /// assert!((loss - (0.5 + 2f64.ln())).abs() < 1e-5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct DiceBce of (input, target) as Region {
        /// The share ε of the cross-entropy's target that is split evenly between yes and no.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// How the input becomes probabilities, for Dice.
        pub activation: Activation = Activation::Sigmoid, Range::Any;
        /// Whether class 0 counts in Dice.
        pub include_background: bool = true, Range::Any;
        /// Whether `Σp` and `Σt` are sums of squares in Dice.
        pub squared_pred: bool = false, Range::Any;
        /// Whether the Jaccard index stands for Dice's.
        pub jaccard: bool = false, Range::Any;
        /// Whether a probability that equals its target is right in Dice, also between 0 and 1: the overlap is
        /// `(Σp + Σt − Σ|p − t|)/2`, or of squares with `squared_pred`.
        pub soft_label: bool = false, Range::Any;
        /// Whether the loss of Dice is `−log(max(score, 1e-7))` of the ratio that is subtracted from 1, with gradient 0 below 1e-7.
        pub log_loss: bool = false, Range::Any;
        /// Whether the sums of Dice run over all items together.
        pub batch: bool = false, Range::Any;
        /// Is added to the numerator of Dice, in units of positions.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// Is added to the denominator of Dice, in units of positions.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The factor of Dice.
        pub dice_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The factor of cross-entropy.
        pub bce_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The label of positions that both losses leave out. It has no effect on floats.
        pub ignore_index: Option<i32> = None, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "dice_bce",
    title: "overlap of regions and binary cross-entropy of each class in one pass",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Probability),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::new("pos_weight", Role::PosWeight).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/region/dice_bce"),
    default: || Box::new(DiceBce::default()),
};

impl Region for DiceBce {
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
    fn fused_loss(&self) -> Option<FusedLoss> {
        Some(FusedLoss {
            loss: Box::new(BceWithLogits { label_smoothing: self.label_smoothing }),
            include_background: true,
            counts_classes: false,
            beside: "dice",
            own_weight: self.dice_weight,
            weight: self.bce_weight,
        })
    }
}
