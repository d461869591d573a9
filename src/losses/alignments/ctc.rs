//! Sequences of labels, whose places among the steps are unknown.

use crate::leaf::{AlignmentScore, Alignments};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Connectionist temporal classification: `−log Σ Π p(class of the step)`, the sum over all alignments that spell the item's
    /// labels. An alignment has a class for each step; it spells what is left once repeated classes count once and blanks are
    /// dropped.
    ///
    /// `log_probs` holds log-probabilities of classes, floats `[T, N, C]`, of which item n has the first `input_lengths[n]`
    /// steps. `targets` holds the labels, integers: `[N, S]`, of which item n has the first `target_lengths[n]`, or `[sum of
    /// target_lengths]`, item after item. `input_lengths` and `target_lengths` are integers `[N]`. What lies beyond these lengths
    /// takes no part, whatever it holds. `none` is `[N]`. A mean divides each item's loss by its number of labels, or by 1 where it has
    /// none, and the sum of these by `N`; sample weights are factors of the quotients, whose sum the mean then divides by their
    /// sum. Gradients: `log_probs`.
    ///
    /// An item without alignments, since it has too few steps, has an infinite loss and no gradient (NaN), unless
    /// `zero_infinity`. The gradient is PyTorch's: `exp(x)` less the share of the alignments that pass the class at the step. It is the
    /// slope with respect to logits, for log-probabilities that are their log-softmax. Log-probabilities of −∞ rule classes out,
    /// exactly.
    ///
    /// The sums go from step to step in numbers that have a whole exponent of their own beside their digits, so that no
    /// product of probabilities vanishes, and no logs are subtracted. A GPU holds them for a block of steps, and one step of each
    /// block before, up to the workspace bound. Every step of the input is read whole: a NaN or +∞ at any class makes the item's loss NaN.
    ///
    /// Paper: Graves et al., "Connectionist Temporal Classification", 2006. Reference: PyTorch's `CTCLoss`, but with equal bits in every
    /// run.
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
        /// The label of the class that spells nothing.
        pub blank: i32 = 0, Range::AtLeast(0.0);
        /// Whether items without alignments have a loss of 0 and a gradient of 0. They still count in a mean.
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
