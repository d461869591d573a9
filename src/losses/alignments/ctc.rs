//! Connectionist temporal classification: sequences of labels whose steps are unknown.

use crate::leaf::{AlignmentScore, Alignments};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Connectionist temporal classification: `−log Σ Π p(class of the step)`, where the sum is over all alignments
    /// that spell the item's labels, and the product over the steps. An alignment has a class for each step. It spells
    /// the labels that remain once repeated classes are merged and then blanks are dropped.
    ///
    /// `log_probs` holds log-probabilities of classes, floats `[T, N, C]`, of which item n has the first
    /// `input_lengths[n]` steps. `targets` holds the labels, integers: `[N, S]`, of which item n has the first
    /// `target_lengths[n]`, or `[sum of target_lengths]`, item after item. `input_lengths` and `target_lengths` are
    /// integers `[N]`. Elements beyond these lengths take no part, whatever they hold. With the reduction `none` the
    /// result is `[N]`. A mean divides each item's loss by its number of labels, or by 1 if the item has none, and the
    /// sum of these quotients by `N`. Sample weights multiply the quotients, and the mean then divides by the sum of
    /// the weights. Gradients: `log_probs`.
    ///
    /// An item whose alignments have no probability, as with too few steps for its labels, has an infinite loss and a
    /// gradient of NaN, unless `zero_infinity` is set. The gradient is PyTorch's: `exp(x)` minus the share, by
    /// probability, of the alignments that have the class at the step. It is the derivative with respect to logits
    /// whose log-softmax `log_probs` is. A log-probability of −∞ rules its class out exactly. Alignments less probable
    /// than `exp(−2·10³⁸)` have no probability, so the lowest f32 rules its class out too.
    ///
    /// The sums go from step to step in numbers with a separate integer exponent, so that no product of probabilities
    /// underflows, and no logs are subtracted. Up to the workspace bound, a GPU holds these sums for one block of
    /// steps, and for one step of each earlier block. All classes of each step are read: a NaN or +∞ at any class makes
    /// the item's loss NaN.
    ///
    /// Paper: Graves et al., "Connectionist Temporal Classification", 2006. Reference: PyTorch's `CTCLoss`, but with
    /// the same bits in every run.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Ctc, cpu};
    /// // two steps, one item, blank and "a": "aa", "a-" and "-a" spell "a"
    /// let log_probs = Array::new(&[0.5f32, 0.5, 0.25, 0.75].map(f32::ln), [2, 1, 2])?;
    /// let [targets, steps, labels] = [1i32, 2, 1].map(|number| Array::new(&[number], [1]));
    /// let loss = cpu::value(&Ctc::default().of(&log_probs, &targets?, &steps?, &labels?))?.loss()?;
    /// assert!((loss + (0.375 + 0.125 + 0.375f64).ln()).abs() < 1e-6);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Ctc of (log_probs, targets, input_lengths, target_lengths) as Alignments {
        /// The label of the blank, the class that spells nothing.
        pub blank: i32 = 0, Range::AtLeast(0.0);
        /// Whether items whose alignments have no probability, such as items with too few steps, have a loss of 0 and a
        /// gradient of 0. They still count in a mean.
        pub zero_infinity: bool = false, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "ctc",
    title: "sequences of labels without known places",
    operands: &[
        OperandSpec::new("log_probs", Role::Steps).differentiable().holding(Domain::LogProbability),
        OperandSpec::new("targets", Role::Sequences),
        OperandSpec::new("input_lengths", Role::StepCounts),
        OperandSpec::new("target_lengths", Role::SequenceLengths),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/alignments/ctc"),
    default: || Box::new(Ctc::default()),
};

impl Alignments for Ctc {
    fn blank(&self) -> usize {
        self.blank.max(0) as usize
    }

    fn score(&self, log_probability: f64) -> AlignmentScore {
        match self.zero_infinity && log_probability == f64::NEG_INFINITY {
            true => AlignmentScore::default(),
            false => AlignmentScore { loss: -log_probability, d: -1.0 },
        }
    }
}
