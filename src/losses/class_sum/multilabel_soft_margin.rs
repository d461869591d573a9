//! Binary cross-entropy of each class, averaged over the classes.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid_balance, softplus};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Multi-label soft margin loss: `−1/C·Σ_c w[c]·(t_c·log σ(x_c) + (1 − t_c)·log σ(−x_c))` for each position.
    ///
    /// `input` holds logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// floats or integers from 0 to 1, of the input's shape, never labels. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Weight`] is the weight `w` of each class, `[C]`; without it `w` is 1. A mean
    /// divides by the number of positions that the mask keeps, whatever the weights. [`Extra::Mask`], of the shape
    /// `[N, d1, ..., dk]`, leaves out each position where it is 0. Gradients: `input`.
    ///
    /// The logs are computed as `−softplus(∓x)`, which does not overflow, and the derivative as
    /// `(1 − t)·σ(x) − t·σ(−x)`, so that both keep the digits of a confident right answer. A logit of `−∞` with a
    /// target of 0 costs nothing. A logit of `+∞` gives NaN for a target of 1 and infinity for others, as in PyTorch. A
    /// weight of 0 removes its class, even if the class's loss is infinite; a loss of NaN stays NaN.
    ///
    /// Reference: `torch.nn.functional.multilabel_soft_margin_loss`. See also: [`BceWithLogits`](crate::BceWithLogits),
    /// which keeps the classes apart; [`SigmoidFocal`](crate::SigmoidFocal).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, MultilabelSoftMargin, cpu};
    /// let logits = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let target = Array::new(&[1.0f32, 0.0], [1, 2])?;
    /// // two probabilities of ½: the mean of log 2 and log 2
    /// let loss = cpu::value(&MultilabelSoftMargin::default().of(&logits, &target))?.loss()?;
    /// assert!((loss - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct MultilabelSoftMargin of (input, target) as ClassSum {}
}

static HEADER: Header = Header {
    id: "multilabel_soft_margin",
    title: "a yes-or-no question for each class",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Dense).holding(Domain::Binary).or_integers(),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
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
        // a logit of −∞ may mask a class, so a target of 0 removes the infinite first term; the second term is an
        // ordinary product, since PyTorch gives NaN for +∞ with a target of 1
        let loss = part_of(t, softplus(-x)) + (1.0 - t) * softplus(x);
        let d = sigmoid_balance(1.0 - t, t, x);
        ClassScore { loss: part_of(share, loss), d: part_of(share, d), d_label: 0.0 }
    }
}
