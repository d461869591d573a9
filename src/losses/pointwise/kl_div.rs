//! The Kullback-Leibler divergence of log-probabilities from a target.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Kullback-Leibler divergence: `t·(log t − x)` for each element, 0 where `t` is 0.
    ///
    /// `input` holds log-probabilities, `target` probabilities of the same shape, or with `log_target` their logs.
    /// `batch_mean` divides the sum by the size of the batch, which is the divergence as mathematics has it where each
    /// item is a distribution; `mean` divides by the number of elements. An [`Extra::Mask`] leaves out what it is zero
    /// for.
    ///
    /// A target of 0 costs nothing, whatever the prediction is, `−∞` included; a negative one gives NaN.
    ///
    /// Reference: `torch.nn.functional.kl_div`. Neighbours: [`Distillation`](crate::Distillation), from logits on both
    /// sides.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct KlDiv of (input, target) as Pointwise {
        /// Whether the target holds logs of probabilities.
        pub log_target: bool = false, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "kl_div",
    title: "divergence of a distribution from its target",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability),
        OperandSpec::MASK,
    ],
    reductions: Reduction::BATCHED,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/kl_div"),
    default: || Box::new(KlDiv::default()),
};

impl Pointwise for KlDiv {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (p, log_p) = if self.log_target { (t.exp(), t) } else { (t, t.ln()) };
        let loss = if p == 0.0 { 0.0 } else { p * (log_p - x) };
        ElementScore { loss, d: [-p, 0.0, 0.0, 0.0] }
    }
}
