//! The focal loss of classes that exclude each other.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Softmax focal loss: `−α[t]·(1 − p_t)^γ·log p_t` for each position, with `p = softmax(x)`.
    ///
    /// `input` holds logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// labels, integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Alpha`] is the weight α of each class, `[C]`; without it α is 1. [`Extra::Mask`],
    /// of the shape `[N, d1, ..., dk]`, leaves out each position where it is 0. A mean divides by the number of kept
    /// positions, never by their weights. Gradients: `input`.
    ///
    /// `1 − p_t` is computed as the sum of the other classes' probabilities, so that the loss of a confident right
    /// answer keeps its digits. The derivative contains `(1 − p_t)^(γ−1)·log p_t`, which is computed as `(1 − p_t)^γ`
    /// times the ratio `log p_t / (1 − p_t)`. As p_t goes to 1 this ratio tends to −1, so that the derivative is finite
    /// for every γ. An α of exactly 0 removes the loss of its class, infinite or not; the positions still count.
    ///
    /// Paper: Lin et al., "Focal Loss for Dense Object Detection", 2017, which recommends γ = 2. See also:
    /// [`SigmoidFocal`](crate::SigmoidFocal), for independent targets; [`CrossEntropy`](crate::CrossEntropy), which is
    /// this loss for γ = 0.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, SoftmaxFocal, cpu};
    /// let logits = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let labels = Array::new(&[0u8], [1])?;
    /// // (1 − ½)²·log 2
    /// let loss = cpu::value(&SoftmaxFocal::default().of(&logits, &labels))?.loss()?;
    /// assert!((loss - 0.25 * 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct SoftmaxFocal of (input, target) as Softmax {
        /// The focusing power γ. A higher γ lowers the weight of positions that are already predicted well; at 0 all
        /// positions have the same weight.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
        /// The label of positions that are left out.
        pub ignore_index: i32 = -100, Range::Any;
        /// The bound c of a soft cap, in units of the logits: logits x become `c·tanh(x/c)` before anything else, as in
        /// Gemma 2 with c = 30. `None` leaves the logits as they are.
        pub softcap: Option<f32> = None, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "softmax_focal",
    title: "focal loss of classes that exclude each other",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("alpha", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/softmax/softmax_focal"),
    default: || Box::new(SoftmaxFocal::default()),
};

impl Softmax for SoftmaxFocal {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn cap(&self) -> Option<f64> {
        self.softcap.map(f64::from)
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let gamma = f64::from(self.gamma);
        let focus = s.miss.powf(gamma);
        let p = 1.0 - s.miss;
        // nll/miss tends to 1; where p is 0, p·nll is 0 although nll may be infinite
        let ratio = if s.miss == 0.0 {
            1.0
        } else if p == 0.0 {
            0.0
        } else {
            p * s.nll / s.miss
        };
        // an alpha of 0 removes an infinite term too
        let share = s.weight * focus;
        SoftmaxScore { loss: part_of(share, s.nll), d_nll: share * (1.0 + gamma * ratio), ..Default::default() }
    }
}
