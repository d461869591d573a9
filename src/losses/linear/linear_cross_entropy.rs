//! Cross-entropy of a linear layer's logits, which are never held.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::CrossEntropy;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Cross-entropy of a linear layer: `CrossEntropy(x·Wᵀ + b)` without ever holding the `[N, V]` logits.
    ///
    /// `input` is `[N, D]`, `weight` `[V, D]`, one row a class, [`Extra::Bias`] `[V]`; all have gradients. `target` holds
    /// labels, integers `[N]`. [`Extra::Mask`] is `[N]`, and so is `none`. Options, denominators and the form in which a
    /// confident right answer keeps its digits are those of [`CrossEntropy`](crate::CrossEntropy).
    ///
    /// Logits are computed in tiles, folded into each row's softmax, and computed again in blocks of bounded size for the
    /// gradients: beyond operands and gradients there is no more memory in use than the workspace bound. A bias of `−∞` masks
    /// its class, exactly. A row that holds an infinity counts as one of NaN.
    ///
    /// Paper: Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", 2024. Reference:
    /// `torch.nn.functional.cross_entropy` of `torch.nn.functional.linear`. Neighbours:
    /// [`CrossEntropy`](crate::CrossEntropy), of logits.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..V` that is not `ignore_index`;
    /// [`Error::TooLarge`](crate::Error::TooLarge) on a GPU where the blocks do not fit the workspace bound, need more than
    /// 16,384 dispatches, or rows have more than 32,768 elements; on the CPU where the pairs need more than its
    /// [memory bound](crate::cpu::set_memory_bound).
    ///
    /// [`Extra::Bias`]: crate::Extra::Bias
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct LinearCrossEntropy of (input, weight, target) as Linear {
        /// The label of rows that take no part.
        pub ignore_index: i32 = -100, Range::Any;
        /// The share ε of the target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The factor of lse², which keeps logits from drifting.
        pub z_loss: f32 = 0.0, Range::AtLeast(0.0);
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
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    // the leaf is that of logits which are held
    shader: source!("losses/softmax/cross_entropy"),
    default: || Box::new(LinearCrossEntropy::default()),
};

impl LinearCrossEntropy {
    fn of_logits(&self) -> CrossEntropy {
        let LinearCrossEntropy { ignore_index, label_smoothing, z_loss } = *self;
        CrossEntropy { ignore_index, label_smoothing, z_loss }
    }
}

impl Softmax for LinearCrossEntropy {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn spreads(&self) -> bool {
        self.of_logits().spreads()
    }
    fn extra(&self) -> Option<&'static str> {
        self.of_logits().extra()
    }
    fn share(&self, q: f64, classes: usize) -> f64 {
        self.of_logits().share(q, classes)
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        self.of_logits().score(s)
    }
}
