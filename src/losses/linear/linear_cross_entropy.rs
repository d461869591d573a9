//! Cross-entropy of a linear layer's logits, without storing all logits.

use crate::leaf::{SmoothOver, Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::CrossEntropy;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Cross-entropy of a linear layer: `CrossEntropy(x·Wᵀ + b)`. A GPU stores no more of the `[N, V]` logits than its
    /// workspace bound allows.
    ///
    /// `input` holds floats `[N, D]`, `weight` holds floats `[V, D]`, a row for each class, and [`Extra::Bias`] holds
    /// floats `[V]`. `target` holds labels, integers `[N]` in `0..V` or `ignore_index`. With the reduction `none` the
    /// result is `[N]`. [`Extra::ClassWeight`] is the weight of each class, floats `[V]`. [`Extra::Mask`], of the shape
    /// `[N]`, leaves out each row where it is 0. Gradients: `input`, `weight`, `bias`.
    ///
    /// Options, denominators and the form that keeps the digits of a confident right answer are the same as in
    /// [`CrossEntropy`](crate::CrossEntropy).
    ///
    /// A GPU folds tiles of logits into each row's softmax, and computes them again for the gradients, block by block.
    /// Besides operands and gradients it uses no more memory than its workspace bound. A bias of `−∞` masks its class
    /// exactly. A row with an infinite element counts as NaN.
    ///
    /// Papers: Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", 2024; Chowdhery et al., "PaLM",
    /// 2022, which uses a z-loss of 1e-4. Reference: `torch.nn.functional.cross_entropy` of
    /// `torch.nn.functional.linear`. See also: [`CrossEntropy`](crate::CrossEntropy), from logits.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, LinearCrossEntropy, cpu};
    /// let hidden = Array::new(&[1.0f32, 2.0], [1, 2])?;
    /// let weight = Array::new(&[0.0f32; 8], [4, 2])?;
    /// let labels = Array::new(&[3i32], [1])?;
    /// // weights of 0 give four equal logits: a probability of ¼
    /// let loss = cpu::value(&LinearCrossEntropy::default().of(&hidden, &weight, &labels))?.loss()?;
    /// assert!((loss - 4f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct LinearCrossEntropy of (input, weight, target) as Linear {
        /// The label of rows that are left out.
        pub ignore_index: i32 = -100, Range::Any;
        /// The share ε of the target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The classes that share the ε of label smoothing: `all`, or with `finite` those that no bias of −∞ masks.
        pub smooth_over: SmoothOver = SmoothOver::All, Range::Any;
        /// The factor of `lse²`, a term that keeps the logits from drifting; lse is the log of `Σ exp(x)`.
        pub z_loss: f32 = 0.0, Range::AtLeast(0.0);
        /// The bound c of a soft cap, in units of the logits: logits x become `c·tanh(x/c)` before anything else, as in
        /// Gemma 2 with c = 30. `None` leaves the logits as they are.
        pub softcap: Option<f32> = None, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "linear_cross_entropy",
    title: "cross-entropy of a linear layer's logits",
    operands: &[
        OperandSpec::new("input", Role::Rows).differentiable(),
        OperandSpec::new("weight", Role::Projection).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("bias", Role::PerProjection).differentiable().optional(),
        OperandSpec::new("class_weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    // stored logits have the same leaf
    shader: source!("losses/softmax/cross_entropy"),
    default: || Box::new(LinearCrossEntropy::default()),
};

impl LinearCrossEntropy {
    fn of_logits(&self) -> CrossEntropy {
        let LinearCrossEntropy { ignore_index, label_smoothing, smooth_over, z_loss, softcap } = *self;
        CrossEntropy { ignore_index, label_smoothing, smooth_over, z_loss, softcap }
    }
}

impl Softmax for LinearCrossEntropy {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn spreads(&self) -> bool {
        self.of_logits().spreads()
    }
    fn spares_masked(&self) -> bool {
        self.of_logits().spares_masked()
    }
    fn extra(&self) -> Option<&'static str> {
        self.of_logits().extra()
    }
    fn cap(&self) -> Option<f64> {
        self.of_logits().cap()
    }
    fn share(&self, q: f64, classes: usize) -> f64 {
        self.of_logits().share(q, classes)
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        self.of_logits().score(s)
    }
}
