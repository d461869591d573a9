//! Bounded cross-entropy, for noisy labels.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Generalized cross-entropy: `w[t]·(1 − p_t^q)/q` for each position, with `p = softmax(x)`.
    ///
    /// `input` holds logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// labels, integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Weight`] is a weight w for each class, `[C]`; without it w is 1. [`Extra::Mask`],
    /// of the shape `[N, d1, ..., dk]`, leaves out each position where it is 0. A mean divides by the sum of `w[t]`
    /// over the kept positions. Gradients: `input`.
    ///
    /// Without weights the loss is at most `1/q`, which bounds the cost of a wrong label. It is computed as
    /// `−expm1(q·log p_t)/q`, which keeps the digits of confident answers. A q of 0 gives the limit, cross-entropy.
    ///
    /// Paper: Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels",
    /// 2018, which recommends q = 0.7. See also: [`CrossEntropy`](crate::CrossEntropy);
    /// [`PolyCrossEntropy`](crate::PolyCrossEntropy).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, GeneralizedCrossEntropy, cpu};
    /// let logits = Array::new(&[0.0f32; 4], [1, 4])?;
    /// let labels = Array::new(&[0u8], [1])?;
    /// // (1 − √¼)/½
    /// let loss = cpu::value(&GeneralizedCrossEntropy::new().q(0.5).of(&logits, &labels))?.loss()?;
    /// assert!((loss - 1.0).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct GeneralizedCrossEntropy of (input, target) as Softmax {
        /// The power q of the probability. At 0 the loss is cross-entropy, at 1 the mean absolute error.
        pub q: f32 = 0.7, Range::Within(0.0, 1.0);
        /// The label of positions that are left out.
        pub ignore_index: i32 = -100, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "generalized_cross_entropy",
    title: "bounded cross-entropy, for noisy labels",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/softmax/generalized_cross_entropy"),
    default: || Box::new(GeneralizedCrossEntropy::default()),
};

impl Softmax for GeneralizedCrossEntropy {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let q = f64::from(self.q);
        let loss = if q == 0.0 { s.nll } else { -(-q * s.nll).exp_m1() / q };
        let slope = if q == 0.0 { 1.0 } else { (-q * s.nll).exp() };
        SoftmaxScore { loss: part_of(s.weight, loss), d_nll: s.weight * slope, ..Default::default() }
    }
}
