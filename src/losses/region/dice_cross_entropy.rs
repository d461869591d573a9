//! The sum of the Dice loss and cross-entropy, in one pass over the logits.

use super::dice::dice_score;
use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums, Rider};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::CrossEntropy;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Dice loss and cross-entropy: `dice_weight·dice + cross_entropy_weight·cross_entropy`, in one pass over the logits.
    ///
    /// [`Dice`](crate::Dice) and [`CrossEntropy`](crate::CrossEntropy) say what the two are, and mean by their options; each
    /// is reduced in its own way, then they are added, so that there is no `none`. An outcome reports `.dice` and
    /// `.cross_entropy` (and `.z_loss`), each with its sum and denominator. The cross-entropy is of the input as logits,
    /// whatever the activation makes of it for Dice.
    ///
    /// `input` is `[N, C, ...]`, or with the class axis last. `target` holds labels `[N, ...]`, integers, or probabilities,
    /// floats of the input's shape. [`Extra::Weight`] is a weight for each class, always `[C]`, for both.
    ///
    /// With one channel, labels 0 and 1 are the target themselves, and the input is the logit of label 1 against a logit of 0:
    /// the cross-entropy is [`BceWithLogits`] with the weight as its `pos_weight`, and its mean divides by the number of kept
    /// positions. Positions labelled `ignore_index` take no part in either.
    ///
    /// The softmax of a position is computed once, as [`CrossEntropy`](crate::CrossEntropy) does it, and is where both losses
    /// and their gradients come from.
    ///
    /// Reference: MONAI's `DiceCELoss`. Neighbours: [`Dice`](crate::Dice), [`CrossEntropy`](crate::CrossEntropy).
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` (0 and 1 for one channel) that is
    /// not `ignore_index`; [`Error::InvalidOption`](crate::Error::InvalidOption) for one channel with softmax or without
    /// background; for `none`; [`Error::TooLarge`](crate::Error::TooLarge) for more than 8,192 classes on a GPU, whose lanes
    /// loop over those of a position: the CPU twin takes more.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`BceWithLogits`]: https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
    pub struct DiceCrossEntropy of (input, target) as Region {
        /// The share ε of the cross-entropy's target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The factor of lse² in the cross-entropy.
        pub z_loss: f32 = 0.0, Range::AtLeast(0.0);
        /// What makes probabilities of the input, for Dice.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// Whether class 0 takes part in Dice.
        pub include_background: bool = true, Range::Any;
        /// Whether `Σp` and `Σt` are sums of squares.
        pub squared_pred: bool = false, Range::Any;
        /// Whether Dice is the Jaccard index instead.
        pub jaccard: bool = false, Range::Any;
        /// Whether Dice's sums run over the batch as well.
        pub batch: bool = false, Range::Any;
        /// Added to the numerator of Dice.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// Added to the denominator of Dice.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// The factor of Dice in the sum.
        pub dice_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The factor of cross-entropy in the sum.
        pub cross_entropy_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The label of positions that take no part in either. It does not act on dense targets.
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
            together: false,
            ignore_index: Some(self.ignore_index),
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        dice_score(s, self.jaccard, self.smooth_nr, self.smooth_dr)
    }
    fn rider(&self) -> Option<Rider> {
        let cross_entropy = CrossEntropy {
            ignore_index: self.ignore_index,
            label_smoothing: self.label_smoothing,
            z_loss: self.z_loss,
        };
        Some(Rider {
            loss: Box::new(cross_entropy),
            beside: "dice",
            own_weight: self.dice_weight,
            weight: self.cross_entropy_weight,
        })
    }
}
