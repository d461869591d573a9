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
    /// `input` holds logits, floats `[N, C, ...]`, or with the class axis last. `target` holds floats from 0 to 1 of
    /// the input's shape, an answer for each class of each position. Or it holds labels, integers `[N, ...]` in `0..C`
    /// or `ignore_index`; a label is a target of 1 at its class and of 0 at the others. [`Extra::Weight`] is a weight
    /// for each class, always `[C]`, in both losses. [`Extra::PosWeight`], `[C]`, holds a factor for each class, which
    /// multiplies the positive targets in the cross-entropy. [`Extra::Mask`] of the shape `[N, d1, ..., dk]` leaves out
    /// each position where it is 0. If the activation is no softmax, a mask of the input's shape may leave out single
    /// elements. Gradients: `input`.
    ///
    /// [`Dice`](crate::Dice) and [`BceWithLogits`](crate::BceWithLogits) define the two losses and their options. Each
    /// loss is reduced by itself, then the two are added; there is no reduction `none`. The mean of the cross-entropy
    /// divides by the number of elements that take part, whatever the class weights. An outcome reports `.dice` and
    /// `.bce_with_logits`, each with its sum and denominator. `activation` and `include_background` concern Dice alone:
    /// the cross-entropy takes the input as logits, and includes all classes. If the input has one channel, labels are
    /// 0 and 1, and a label is itself the target.
    ///
    /// The cross-entropy is computed from the logits in the form of [`BceWithLogits`](crate::BceWithLogits), and the
    /// overlap as in [`Dice`](crate::Dice), so that both keep their digits where predictions are confident.
    ///
    /// Reference: MONAI's `DiceLoss` and PyTorch's `BCEWithLogitsLoss`. Paper: Isensee et al., "nnU-Net", 2021, which
    /// trains overlapping regions with this sum. See also: [`DiceFocal`](crate::DiceFocal), for pictures that are
    /// mostly background; [`DiceCrossEntropy`](crate::DiceCrossEntropy), for classes that exclude each other.
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
        /// The share ε of label smoothing in the cross-entropy: a target t becomes `(1 − ε)·t + ε/2`.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// How the input becomes probabilities for Dice.
        pub activation: Activation = Activation::Sigmoid, Range::Any;
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
        pub bce_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The label of positions that both losses leave out. It has no effect if the target holds floats.
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
            own_name: "dice",
            own_weight: self.dice_weight,
            weight: self.bce_weight,
        })
    }
}
