//! The negative log-likelihood of log-probabilities.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Negative log-likelihood: `−w[t]·x_t` for each position, `x` being log-probabilities.
    ///
    /// `input` holds log-probabilities, `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last; `target` labels of
    /// shape `[N, d1, ..., dk]`. [`Extra::Weight`] is a weight for each class, `[C]`; [`Extra::Mask`] has the labels' shape.
    /// `none` has the labels' shape. A mean divides by `Σ w[t]` of the kept positions.
    ///
    /// The log-probabilities are taken as they are: from logits, [`CrossEntropy`](crate::CrossEntropy) is one pass instead
    /// of three and keeps the digits of a confident answer. Every class of a kept position is looked at, so that a NaN shows
    /// that the label does not pick; `−∞` for another class is a class that is masked.
    ///
    /// Reference: `torch.nn.functional.nll_loss`.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` that is not `ignore_index`.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Nll of (input, target) as ClassSum {
        /// The label of positions that take no part.
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
    fn score(&self, class: &ClassSeen) -> ClassScore {
        if !class.hit {
            return ClassScore::default();
        }
        ClassScore { loss: part_of(class.weight, -class.x), d: -class.weight, d_label: 0.0 }
    }
}
