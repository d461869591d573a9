//! Cross-entropy whose first polynomial term has a weight of its own.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{exp_excess, part_of};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Poly-1 cross-entropy: `w[t]·(−log p_t + ε·(1 − p_t))` for each position, with `p = softmax(x)`.
    ///
    /// `input` holds logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// labels, integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Weight`] is a weight w for each class, `[C]`; without it w is 1. [`Extra::Mask`],
    /// of the shape `[N, d1, ..., dk]`, leaves out each position where it is 0. A mean divides by the sum of `w[t]`
    /// over the kept positions. Gradients: `input`.
    ///
    /// `1 − p_t` is computed as the sum of the other classes' probabilities, so that the loss of a confident right
    /// answer keeps its digits. For a negative ε, the loss is computed as the sum of `(1 + ε)·(−log p_t)` and
    /// `−ε·(−log p_t − (1 − p_t))`, neither of which is negative. A class weight of exactly 0 removes the loss of its
    /// class, infinite or not, but not a NaN: the position still takes part.
    ///
    /// Paper: Leng et al., "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions", 2022, which
    /// uses ε from −1 to 2 and more, by the task. See also: [`CrossEntropy`](crate::CrossEntropy), which is this loss
    /// for ε = 0; [`SoftmaxFocal`](crate::SoftmaxFocal).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, PolyCrossEntropy, cpu};
    /// let logits = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let labels = Array::new(&[0u8], [1])?;
    /// // log 2, and 2·(1 − ½)
    /// let loss = cpu::value(&PolyCrossEntropy::new().epsilon(2.0).of(&logits, &labels))?.loss()?;
    /// assert!((loss - (2f64.ln() + 1.0)).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct PolyCrossEntropy of (input, target) as Softmax {
        /// The weight ε of `1 − p_t`.
        pub epsilon: f32 = 1.0, Range::AtLeast(-1.0);
        /// The label of positions that are left out.
        pub ignore_index: i32 = -100, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "poly_cross_entropy",
    title: "cross-entropy plus a weighted 1 − p",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/softmax/poly_cross_entropy"),
    default: || Box::new(PolyCrossEntropy::default()),
};

impl Softmax for PolyCrossEntropy {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let epsilon = f64::from(self.epsilon);
        // −log p − (1 − p) is exp(y) − 1 − y for y = log p
        let loss = match epsilon < 0.0 {
            true => part_of(1.0 + epsilon, s.nll) - epsilon * exp_excess(-s.nll),
            false => s.nll + epsilon * s.miss,
        };
        let slope = if epsilon < 0.0 { (1.0 + epsilon) - epsilon * s.miss } else { 1.0 + epsilon * (1.0 - s.miss) };
        SoftmaxScore { loss: part_of(s.weight, loss), d_nll: s.weight * slope, ..Default::default() }
    }
}
