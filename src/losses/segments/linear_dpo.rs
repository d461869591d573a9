//! Direct preference optimisation from a linear layer's hidden states, without storing all logits.

use crate::leaf::{ElementScore, Pointwise, Segments};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::{Dpo, DpoKind};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Direct preference optimisation of a linear layer: `Dpo(chosen, rejected)`, where the log-probability of an answer is
    /// `Σ log softmax(x·Wᵀ + b)[target]` over its tokens. A GPU stores no more of the `[N, V]` logits than its workspace bound
    /// allows.
    ///
    /// `hidden` (x) holds floats `[N, D]`, a row for each token; `weight` (W) holds floats `[V, D]`, a row for each
    /// class, and [`Extra::Bias`] (b) floats `[V]`. `target` holds labels, integers `[N]` in `0..V` or `ignore_index`.
    /// `segments` holds the index of the answer that each token belongs to, integers `[N]` in `0..2·B`: pair b has the
    /// chosen answer b and the rejected answer B + b, so that the chosen answers come first. The tokens of an answer
    /// may lie anywhere. `reference` holds the log-probability of each answer under the reference model, floats `[2·B]`
    /// in the same order.
    ///
    /// With the reduction `none` the result is `[B]`, a value for each pair. [`Extra::Mask`], of this shape, leaves out
    /// each pair where it is 0, with the tokens of both answers. Gradients: `hidden`, `weight`, `bias`.
    ///
    /// Options are the same as in [`Dpo`](crate::Dpo), and so are the loss of a pair and its papers. For `ipo`,
    /// log-probabilities are means over the tokens of each answer, and `reference` has to hold such means too. A token
    /// whose label is `ignore_index` counts in neither sum nor mean, but its segment is still checked. An answer
    /// without tokens has a log-probability of 0. A bias of `−∞` masks its class exactly. A row of `hidden` or
    /// `weight` with an infinite element counts as NaN.
    ///
    /// `log softmax` is computed as `logit − logsumexp`, from logits minus the greatest one. A GPU sums the
    /// log-probabilities of an answer's tokens together with the rounding error of their sum, and subtracts the
    /// reference before it adds that error: so the log-ratios of a policy near its reference keep their digits, however
    /// long the answers are. A GPU folds tiles of logits into each row's softmax, and computes them again for the
    /// gradients, block by block. Besides operands and gradients it uses no more memory than its workspace bound.
    /// Shards of the classes are refused. Shards of whole pairs add up if each has the
    /// [`divide_by`](crate::Term::divide_by) of the whole batch.
    ///
    /// Papers: Rafailov et al., "Direct Preference Optimization", 2023; Wijmans et al., "Cut Your Losses in
    /// Large-Vocabulary Language Models", 2024. Reference: `LigerFusedLinearDPOLoss` of Liger-Kernel, which also takes
    /// the chosen answers first. See also: [`Dpo`](crate::Dpo), from log-probabilities;
    /// [`LinearCrossEntropy`](crate::LinearCrossEntropy).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, LinearDpo, cpu};
    /// // a chosen answer of two tokens, and a rejected answer of one
    /// let hidden = Array::new(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 2])?;
    /// let weight = Array::new(&[0.0f32; 8], [4, 2])?;
    /// let (labels, segments) = (Array::new(&[3i32, 0, 1], [3])?, Array::new(&[0i32, 0, 1], [3])?);
    /// // weights of 0 give each token the log-probability −log 4, as the reference has it: z = 0
    /// let reference = Array::new(&[-2.0 * 4f64.ln(), -4f64.ln()], [2])?;
    /// let loss = cpu::value(&LinearDpo::default().of(&hidden, &weight, &labels, &segments, &reference))?.loss()?;
    /// assert!((loss - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct LinearDpo of (hidden, weight, target, segments, reference) as Segments {
        /// The loss as a function of z, which is β times the difference of the log-ratios.
        pub kind: DpoKind = DpoKind::Sigmoid, Range::Any;
        /// The factor β of the log-ratios. A higher β keeps the policy closer to the reference.
        pub beta: f32 = 0.1, Range::Above(0.0);
        /// The share ε of preferences that are assumed to be wrong. It has no effect on `hinge` and `ipo`.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The label of tokens that are left out.
        pub ignore_index: i32 = -100, Range::Any;
        /// The bound c of a soft cap, in units of the logits: logits x become `c·tanh(x/c)` before anything else, as in
        /// Gemma 2 with c = 30. `None` leaves the logits as they are.
        pub softcap: Option<f32> = None, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "linear_dpo",
    title: "direct preference optimisation of a linear layer's logits",
    operands: &[
        OperandSpec::new("hidden", Role::Rows).differentiable(),
        OperandSpec::new("weight", Role::Projection).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("segments", Role::Segments),
        OperandSpec::new("reference", Role::PerSegment).holding(Domain::LogProbability),
        OperandSpec::new("bias", Role::PerProjection).differentiable().optional(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    // `dpo`, from log-probabilities, has the same leaf
    shader: source!("losses/pointwise/dpo"),
    default: || Box::new(LinearDpo::default()),
};

impl Segments for LinearDpo {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn cap(&self) -> Option<f64> {
        self.softcap.map(f64::from)
    }
    fn averages(&self) -> bool {
        self.kind == DpoKind::Ipo
    }
    fn score(&self, [chosen, rejected]: [f64; 2]) -> ElementScore {
        let LinearDpo { kind, beta, label_smoothing, .. } = *self;
        // the log-ratios have the references subtracted already
        Dpo { kind, beta, label_smoothing }.score([chosen, rejected, 0.0, 0.0], [0.0; 3])
    }
}
