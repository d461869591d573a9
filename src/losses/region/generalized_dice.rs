//! The generalized Dice loss, whose classes are summed inside one ratio.

use super::dice::dice_score;
use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// What the classes of a [`GeneralizedDice`] loss weigh, by the sum of their targets.
    pub enum Weighting {
        /// One over the square of the sum.
        Square = "square",
        /// One over the sum.
        Simple = "simple",
        /// All alike.
        Uniform = "uniform",
    }
}

crate::loss! {
    /// Generalized Dice loss: `1 − (2·Σ_c w_c·Σpt + smooth_nr) / (Σ_c w_c·(Σp + Σt) + smooth_dr)` for each item.
    ///
    /// The classes are summed inside the ratio, so that a small one counts as much as a large one: `w_c` is `1/(Σt)²`, `1/Σt`
    /// or 1. The weight of a class that is not there, which would be infinite (beyond what f32 holds), is the largest finite
    /// one of its item; 0 where there is none. Weights are of the target alone: constants in the gradient.
    ///
    /// `input` is `[N, C, ...]`, or with the class axis last; `p` are its probabilities under the activation. `target` holds
    /// labels `[N, ...]`, integers, or dense floats of the input's shape. `none` is `[N]`; a mean divides by `N`. With one
    /// channel, labels 0 and 1 are the target themselves.
    ///
    /// `1 − ratio` is computed from what is wrong, as [`Dice`](crate::Dice) does it, so that the loss of a good overlap keeps
    /// its digits.
    ///
    /// Paper: Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly unbalanced segmentations",
    /// 2017. Reference: MONAI's `GeneralizedDiceLoss`. Neighbours: [`Dice`](crate::Dice), [`Tversky`](crate::Tversky).
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` (0 and 1 for one channel);
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for one channel with softmax;
    /// [`Error::TooLarge`](crate::Error::TooLarge) for more than 8,192 classes on a GPU, whose lanes loop over those of a
    /// position: the CPU twin takes more.
    pub struct GeneralizedDice of (input, target) as Region {
        /// What makes probabilities of the input.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// What the classes weigh.
        pub weighting: Weighting = Weighting::Square, Range::Any;
        /// Added to the numerator.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// Added to the denominator.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "generalized_dice",
    title: "overlap of regions, small ones counting as much as large ones",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Binary),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/region/generalized_dice"),
    default: || Box::new(GeneralizedDice::default()),
};

impl Region for GeneralizedDice {
    fn settings(&self) -> RegionSettings {
        RegionSettings {
            activation: self.activation,
            include_background: true,
            batch: false,
            squared: false,
            together: true,
            ignore_index: None,
        }
    }
    fn share(&self, s: RegionSums) -> f64 {
        let total = s.true_pos + s.false_neg;
        match self.weighting {
            Weighting::Square => 1.0 / (total * total),
            Weighting::Simple => 1.0 / total,
            Weighting::Uniform => 1.0,
        }
    }
    fn score(&self, s: RegionSums) -> RegionScore {
        dice_score(s, false, self.smooth_nr, self.smooth_dr)
    }
}
