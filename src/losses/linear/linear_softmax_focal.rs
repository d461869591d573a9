//! Focal loss of a linear layer's logits, without storing all logits.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::SoftmaxFocal;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Softmax focal loss of a linear layer: `SoftmaxFocal(x·Wᵀ + b)`. A GPU stores no more of the `[N, V]` logits than its
    /// workspace bound allows.
    ///
    /// `input` holds floats `[N, D]`, `weight` holds floats `[V, D]`, a row for each class, and [`Extra::Bias`] holds
    /// floats `[V]`. `target` holds labels, integers `[N]` in `0..V` or `ignore_index`. With the reduction `none` the
    /// result is `[N]`. [`Extra::Alpha`] is the weight α of each class, floats `[V]`; without it α is 1.
    /// [`Extra::Mask`], of the shape `[N]`, leaves out each row where it is 0. A mean divides by the number of kept
    /// rows, never by their weights. Gradients: `input`, `weight`, `bias`.
    ///
    /// Options and the form that keeps the digits of a confident right answer are the same as in
    /// [`SoftmaxFocal`](crate::SoftmaxFocal); a GPU computes the loss block by block, as in
    /// [`LinearCrossEntropy`](crate::LinearCrossEntropy). A bias of `−∞` masks its class exactly. A row of
    /// `input` or `weight` with an infinite element counts as NaN.
    ///
    /// Papers: Lin et al., "Focal Loss for Dense Object Detection", 2017, which recommends γ = 2; Wijmans et al., "Cut Your
    /// Losses in Large-Vocabulary Language Models", 2024. See also: [`SoftmaxFocal`](crate::SoftmaxFocal), from logits.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, LinearSoftmaxFocal, cpu};
    /// let hidden = Array::new(&[1.0f32, 2.0], [1, 2])?;
    /// let weight = Array::new(&[0.0f32; 8], [4, 2])?;
    /// let labels = Array::new(&[3i32], [1])?;
    /// // weights of 0 give four equal logits: (1 − ¼)²·log 4
    /// let loss = cpu::value(&LinearSoftmaxFocal::default().of(&hidden, &weight, &labels))?.loss()?;
    /// assert!((loss - 0.5625 * 4f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct LinearSoftmaxFocal of (input, weight, target) as Linear {
        /// The focusing power γ. A higher γ lowers the weight of rows that are already predicted well; at 0 all rows
        /// have the same weight.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
        /// The label of rows that are left out.
        pub ignore_index: i32 = -100, Range::Any;
        /// The bound c of a soft cap, in units of the logits: logits x become `c·tanh(x/c)` before anything else, as in
        /// Gemma 2 with c = 30. `None` leaves the logits as they are.
        pub softcap: Option<f32> = None, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "linear_softmax_focal",
    title: "focal loss of a linear layer's logits",
    operands: &[
        OperandSpec::new("input", Role::Rows).differentiable(),
        OperandSpec::new("weight", Role::Projection).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("bias", Role::PerProjection).differentiable().optional(),
        OperandSpec::new("alpha", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    // stored logits have the same leaf
    shader: source!("losses/softmax/softmax_focal"),
    default: || Box::new(LinearSoftmaxFocal::default()),
};

impl LinearSoftmaxFocal {
    fn of_logits(&self) -> SoftmaxFocal {
        let LinearSoftmaxFocal { gamma, ignore_index, softcap } = *self;
        SoftmaxFocal { gamma, ignore_index, softcap }
    }
}

impl Softmax for LinearSoftmaxFocal {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn cap(&self) -> Option<f64> {
        self.of_logits().cap()
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        self.of_logits().score(s)
    }
}
