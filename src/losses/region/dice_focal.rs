//! The sum of the Dice loss and the focal loss, in one pass over the logits.

use super::dice::dice_score;
use crate::leaf::{Activation, FusedLoss, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, Loss, OperandSpec, source};
use crate::losses::{SigmoidFocal, SoftmaxFocal};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Dice loss and focal loss: `dice_weight·dice + focal_weight·focal`, in one pass over the logits.
    ///
    /// `input` holds logits, floats `[N, C, ...]`, or with the class axis last. `target` holds labels, integers `[N, ...]` in
    /// `0..C` or `ignore_index`, each of which is 1 for its class and 0 for the others; or it holds floats of the input's
    /// shape, an answer for each class of each position. [`Extra::Weight`] is a weight for each class, always `[C]`, in both
    /// losses. [`Extra::Mask`] leaves out each position where it is 0, of the shape `[N, d1, ..., dk]`, or each element, of
    /// the input's shape, if the activation is no softmax. Gradients: `input`.
    ///
    /// [`Dice`](crate::Dice) and [`SigmoidFocal`](crate::SigmoidFocal) define the two losses and their options; `alpha` is none
    /// unless it is given. Each is reduced by itself, then they are added; there is no `none`. The mean of the focal loss
    /// divides by the number of elements that take part, whatever their weights. An outcome reports `.dice` and
    /// `.sigmoid_focal`, each with its sum and denominator. The activation is for Dice alone: the focal loss takes the input as
    /// the logits of one binary question for each class, also where Dice takes a softmax. If the input has one channel, labels
    /// are 0 and 1, and they are the target themselves.
    ///
    /// With `use_softmax` the focal loss is [`SoftmaxFocal`](crate::SoftmaxFocal) over the classes of each position, whose label
    /// has the class weight as its α; an outcome reports `.softmax_focal`. Its mean, too, divides by the number of elements,
    /// so that it is a share 1/C of the mean over positions. Without the background, positions of label 0 have a focal loss of
    /// 0, though the softmax still runs over all classes. One channel is the logit of label 1, and the weight is that of label 1.
    ///
    /// The focal loss is computed from the logits in the form of [`SigmoidFocal`](crate::SigmoidFocal) or
    /// [`SoftmaxFocal`](crate::SoftmaxFocal), and overlap as in [`Dice`](crate::Dice), so that both keep their digits where
    /// predictions are sure.
    ///
    /// Reference: MONAI's `DiceFocalLoss`, whose mean this is; with `use_softmax`, MONAI's `DiceLoss` and
    /// `FocalLoss(use_softmax=True)`, whose softmax leaves the background out where it is excluded. MONAI's sum of the focal
    /// loss is of means over positions; this one is the plain sum. See also: [`DiceBce`](crate::DiceBce), [`DiceCrossEntropy`](crate::DiceCrossEntropy).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, DiceFocal, cpu};
    /// let logits = Array::new(&[0.0f32; 8], [1, 2, 4])?;
    /// let labels = Array::new(&[0u8, 0, 1, 1], [1, 4])?;
    /// // all probabilities are ½: a Dice loss of 1 − 2·1/(2 + 2), and a focal loss of (1 − ½)²·log 2
    /// let loss = cpu::value(&DiceFocal::default().of(&logits, &labels))?.loss()?;
    /// assert!((loss - (0.5 + 0.25 * 2f64.ln())).abs() < 1e-5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct DiceFocal of (input, target) as Region {
        /// The power γ of the focal loss. The higher it is, the less do elements count that are already right; at 0 all count
        /// alike.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
        /// α: the weight of positive targets in the focal loss of sigmoids. Negative ones have the weight 1 − α. `None` gives
        /// both the weight 1.
        pub alpha: Option<f32> = None, Range::Within(0.0, 1.0);
        /// The share ε of the target that is split evenly between yes and no, in the focal loss of sigmoids.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// Whether the focal loss is that of a softmax over the classes, which needs labels, `alpha: None` and
        /// `label_smoothing: 0.0`.
        pub use_softmax: bool = false, Range::Any;
        /// How the input becomes probabilities, for Dice.
        pub activation: Activation = Activation::Sigmoid, Range::Any;
        /// Whether class 0 counts, in both losses.
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
        /// The factor of the focal loss.
        pub focal_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The label of positions that both losses leave out. It has no effect on floats.
        pub ignore_index: Option<i32> = None, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "dice_focal",
    title: "overlap of regions and a focal loss of each class in one pass",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Binary),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/region/dice_focal"),
    default: || Box::new(DiceFocal::default()),
};

impl Region for DiceFocal {
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
    fn conflict(&self) -> Option<(&'static str, &'static str)> {
        match self.use_softmax {
            true if self.alpha.is_some() => Some(("alpha", "none where `use_softmax` is true; class weights are its alphas")),
            true if self.label_smoothing != 0.0 => Some(("label_smoothing", "0 where `use_softmax` is true")),
            _ => None,
        }
    }
    fn fused_loss(&self) -> Option<FusedLoss> {
        let Self { gamma, alpha, label_smoothing, .. } = *self;
        let loss: Box<dyn Loss> = if self.use_softmax {
            Box::new(SoftmaxFocal { gamma, ..SoftmaxFocal::default() })
        } else {
            Box::new(SigmoidFocal { gamma, alpha, label_smoothing })
        };
        Some(FusedLoss {
            loss,
            include_background: self.include_background,
            counts_classes: true,
            beside: "dice",
            own_weight: self.dice_weight,
            weight: self.focal_weight,
        })
    }
}
