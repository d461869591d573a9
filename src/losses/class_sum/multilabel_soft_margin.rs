//! Independent yes-or-no questions, one for each class.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid_balance, softplus};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Multi-label soft margin loss: `−1/C·Σ_c w[c]·(t_c·log σ(x_c) + (1 − t_c)·log σ(−x_c))` for each row.
    ///
    /// `input` holds logits, `[N, C]`, and `target` floats from 0 to 1 of the input's shape; further axes are taken as for
    /// [`CrossEntropy`](crate::CrossEntropy). [`Extra::Weight`] is a weight for each class, `[C]`; [`Extra::Mask`] is `[N]`.
    /// `none` is `[N]`. A mean divides by the number of rows.
    ///
    /// The logs are `−softplus(∓x)`, without overflow, and the derivative `(1 − t)·σ(x) − t·σ(−x)`, so that neither loses
    /// the digits of a confident right answer. A class of `−∞` with a target of 0 is masked: a loss of 0.
    /// One of `+∞` is a NaN, as in PyTorch. A weight of 0 mutes its class, infinite or not.
    ///
    /// Reference: `torch.nn.functional.multilabel_soft_margin_loss`. Neighbours: [`SigmoidFocal`](crate::SigmoidFocal).
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct MultilabelSoftMargin of (input, target) as ClassSum {}
}

static HEADER: Header = Header {
    id: "multilabel_soft_margin",
    title: "a yes-or-no question for each class",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Dense).holding(Domain::Binary),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/class_sum/multilabel_soft_margin"),
    default: || Box::new(MultilabelSoftMargin::default()),
};

impl ClassSum for MultilabelSoftMargin {
    fn score(&self, class: &ClassSeen) -> ClassScore {
        let ClassSeen { x, t, .. } = *class;
        let share = class.weight / class.classes;
        // a class of −∞ is masked, one of +∞ is unknown
        let loss = part_of(t, softplus(-x)) + (1.0 - t) * softplus(x);
        let d = sigmoid_balance(1.0 - t, t, x);
        ClassScore { loss: part_of(share, loss), d: part_of(share, d), d_label: 0.0 }
    }
}
