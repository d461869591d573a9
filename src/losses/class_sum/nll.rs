//! The negative log-likelihood of log-probabilities.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Negative log-likelihood: `−w[t]·x_t` for each position, with the log-probabilities `x`.
    ///
    /// `input` holds log-probabilities, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target`
    /// holds labels, integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Weight`] is the weight `w` of each class, `[C]`; without it `w` is 1. A mean
    /// divides by the sum of `w[t]` over the kept positions. [`Extra::Mask`], of the shape `[N, d1, ..., dk]`, leaves
    /// out each position where it is 0. Gradients: `input`.
    ///
    /// The log-probabilities are used as they are given. If you have logits, [`CrossEntropy`](crate::CrossEntropy)
    /// takes one pass instead of three and keeps the digits of a confident answer. The loss reads every class of a kept
    /// position, so that a NaN in any of them makes it NaN. A `−∞` for a class that is not the label's costs nothing.
    ///
    /// Reference: `torch.nn.functional.nll_loss`.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Nll, cpu};
    /// let log_probabilities = Array::new(&[-1.0f32, -2.0, -3.0, -4.0], [2, 2])?;
    /// let labels = Array::new(&[0i32, 1], [2])?;
    /// assert_eq!(cpu::value(&Nll::default().of(&log_probabilities, &labels))?.loss()?, (1.0 + 4.0) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Nll of (input, target) as ClassSum {
        /// The label of positions that are left out.
        pub ignore_index: i32 = -100, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "nll",
    title: "negative log-likelihood",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable().holding(Domain::Log),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/class_sum/nll"),
    default: || Box::new(Nll::default()),
};

impl ClassSum for Nll {
    fn ignore_index(&self) -> Option<i32> {
        Some(self.ignore_index)
    }
    fn classes_stand_alone(&self) -> bool {
        true
    }
    fn score(&self, class: &ClassSeen) -> ClassScore {
        if !class.hit {
            return ClassScore::default();
        }
        ClassScore { loss: part_of(class.weight, -class.x), d: -class.weight, d_label: 0.0 }
    }
}
