//! The generalized Dice loss, which sums the classes inside one ratio.

use super::dice::dice_score;
use crate::leaf::{Activation, Region, RegionScore, RegionSettings, RegionSums};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// How [`GeneralizedDice`] weights a class, by the sum `Σt` of its target.
    pub enum Weighting {
        /// `1/(Σt)²`.
        Square = "square",
        /// `1/Σt`.
        Simple = "simple",
        /// 1 for every class.
        Uniform = "uniform",
    }
}

loss! {
    /// Generalized Dice loss: `1 − (2·Σ_c w_c·Σpt + smooth_nr) / (Σ_c w_c·(Σp + Σt) + smooth_dr)` for each item.
    ///
    /// `input` holds floats `[N, C, ...]`, or with the class axis last; `p` are its probabilities, after the
    /// activation. `target` holds labels, integers `[N, ...]` in `0..C` or `ignore_index`, or it holds floats of the
    /// input's shape. With the reduction `none` the result is `[N]`; with `batch` it is `[1]`. If the input has one
    /// channel, labels are 0 and 1, and a label is itself the target. [`Extra::Mask`] of the shape `[N, d1, ..., dk]`
    /// leaves out each position where it is 0. If the activation is no softmax, a mask of the input's shape may leave
    /// out single elements. Gradients: `input`.
    ///
    /// The weight `w_c` is `1/(Σt)²`, `1/Σt` or 1, so that a small class can count as much as a large one. Weights are
    /// constants in the gradient. A weight beyond the range of f32, such as that of an absent class, is replaced by the
    /// largest finite weight of the item (with `batch`, of the whole batch), or by 0 if no weight is finite.
    ///
    /// The loss is computed from the errors, as in [`Dice`](crate::Dice), so that the loss of a good overlap keeps its
    /// digits.
    ///
    /// Paper: Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly unbalanced
    /// segmentations", 2017, which uses the weighting `Square`. Reference: MONAI's `GeneralizedDiceLoss`. See also:
    /// [`Dice`](crate::Dice), [`Tversky`](crate::Tversky).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Activation, Array, GeneralizedDice, cpu};
    /// let predicted = Array::new(&[1.0f32, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], [1, 2, 4])?;
    /// let labels = Array::new(&[0u8, 0, 0, 1], [1, 4])?;
    /// // weights 1/3² and 1: 1 − 2·(3/9) / ((4 + 3)/9 + (0 + 1))
    /// let loss = GeneralizedDice { activation: Activation::None, ..Default::default() }.of(&predicted, &labels);
    /// assert!((cpu::value(&loss)?.loss()? - 0.625).abs() < 1e-5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct GeneralizedDice of (input, target) as Region {
        /// How the input becomes probabilities.
        pub activation: Activation = Activation::Softmax, Range::Any;
        /// How the classes are weighted.
        pub weighting: Weighting = Weighting::Square, Range::Any;
        /// Whether the overlap is `(Σp + Σt − Σ|p − t|)/2` in place of `Σpt`, so that a probability between 0 and 1
        /// that equals its target counts as right.
        pub soft_label: bool = false, Range::Any;
        /// Whether the loss takes `−log(max(ratio, 1e-7))` in place of `1 − ratio`, where `ratio` is the overlap score.
        /// The gradient is 0 where the ratio is below 1e-7.
        pub log_loss: bool = false, Range::Any;
        /// A number that is added to the numerator, in units of weighted positions.
        pub smooth_nr: f32 = 1e-5, Range::AtLeast(0.0);
        /// A number that is added to the denominator, in units of weighted positions.
        pub smooth_dr: f32 = 1e-5, Range::AtLeast(0.0);
        /// Whether the loss includes class 0, the background.
        pub include_background: bool = true, Range::Any;
        /// Whether the sums run over all items of the batch together.
        pub batch: bool = false, Range::Any;
        /// The label of positions that are left out. It has no effect if the target holds floats.
        pub ignore_index: Option<i32> = None, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "generalized_dice",
    title: "overlap of regions, small ones counting as much as large ones",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Binary),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
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
            include_background: self.include_background,
            batch: self.batch,
            squared: false,
            soft: self.soft_label,
            together: true,
            ignore_index: self.ignore_index,
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
        dice_score(s, false, self.log_loss, self.smooth_nr, self.smooth_dr)
    }
}
