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
    /// `input` holds logits, floats `[N, C, ...]`, or with the class axis last. `target` holds labels, integers
    /// `[N, ...]` in `0..C` or `ignore_index`; a label is a target of 1 at its class and of 0 at the others. Or it
    /// holds floats of the input's shape, an answer for each class of each position. [`Extra::Weight`] is a weight for
    /// each class, always `[C]`, in both losses. [`Extra::Mask`] of the shape `[N, d1, ..., dk]` leaves out each
    /// position where it is 0. If neither loss takes a softmax, a mask of the input's shape may leave out single
    /// elements. Gradients: `input`.
    ///
    /// [`Dice`](crate::Dice) and [`SigmoidFocal`](crate::SigmoidFocal) define the two losses and their options, but
    /// here the default of `alpha` is `None`. Each loss is reduced by itself, then the two are added; there is no
    /// reduction `none`. The mean of the focal loss divides by the number of elements that take part, whatever their
    /// weights. An outcome reports `.dice` and `.sigmoid_focal`, each with its sum and denominator. `activation`
    /// concerns Dice alone: the focal loss takes the input as the logits of a binary question for each class, even
    /// where Dice takes a softmax. If the input has one channel, labels are 0 and 1, and a label is itself the target.
    ///
    /// With `use_softmax` the focal loss is [`SoftmaxFocal`](crate::SoftmaxFocal) over the classes of each position,
    /// and the class weight of a position's label is its α; an outcome reports `.softmax_focal`. Its mean, too, divides
    /// by the number of elements, so that it is 1/C of the mean over positions, or 1/(C − 1) without the background.
    /// Without the background, a position of label 0 has a focal loss of 0, but the softmax still runs over all
    /// classes. If the input has one channel, it is the logit of label 1 against a logit of 0, and the class weight is
    /// the α of label 1.
    ///
    /// The focal loss is computed from the logits in the form of [`SigmoidFocal`](crate::SigmoidFocal) or
    /// [`SoftmaxFocal`](crate::SoftmaxFocal), and the overlap as in [`Dice`](crate::Dice), so that both keep their
    /// digits where predictions are confident.
    ///
    /// Reference: MONAI's `DiceFocalLoss`, with its reduction `mean`; its reduction `sum` adds the focal loss's means
    /// over positions, this one adds all elements. With `use_softmax` the reference is MONAI's `DiceLoss` and
    /// `FocalLoss(use_softmax=True)`, but MONAI's softmax leaves out an excluded background. See also:
    /// [`DiceBce`](crate::DiceBce), [`DiceCrossEntropy`](crate::DiceCrossEntropy).
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
        /// The focusing power γ of the focal loss. A higher γ lowers the weight of elements that are already predicted
        /// well; at 0 all elements have the same weight.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
        /// The weight α of positive targets in the sigmoid focal loss; negative targets have the weight 1 − α. `None`
        /// gives both the weight 1.
        pub alpha: Option<f32> = None, Range::Within(0.0, 1.0);
        /// The share ε of label smoothing in the sigmoid focal loss: a target t becomes `(1 − ε)·t + ε/2`.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// Whether the focal loss takes a softmax over the classes in place of sigmoids. It needs labels as the target,
        /// an `alpha` of `None` and a `label_smoothing` of 0.
        pub use_softmax: bool = false, Range::Any;
        /// How the input becomes probabilities for Dice.
        pub activation: Activation = Activation::Sigmoid, Range::Any;
        /// Whether both losses include class 0, the background.
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
        /// The factor of the focal loss in the sum.
        pub focal_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The label of positions that both losses leave out. It has no effect if the target holds floats.
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
            true if self.alpha.is_some() => Some((
                "alpha",
                "none where `use_softmax` is true, since the operand `weight` then holds the α of each class",
            )),
            true if self.label_smoothing != 0.0 => Some(("label_smoothing", "0 where `use_softmax` is true")),
            _ => None,
        }
    }
    fn needs_labels(&self) -> Option<(&'static str, &'static str)> {
        self.use_softmax.then_some(("use_softmax", "false where the target is floats"))
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
            own_name: "dice",
            own_weight: self.dice_weight,
            weight: self.focal_weight,
        })
    }
}
