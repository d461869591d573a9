//! The Kullback-Leibler divergence of a target from log-probabilities.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Kullback-Leibler divergence: `t·(log t − x)` for each element, 0 where `t` is 0.
    ///
    /// `input` holds log-probabilities. `target`, of the same shape, holds probabilities, or with `log_target` their
    /// logs. With the reduction `none` the result has the shape of `input`. `batch_mean` divides the sum by the length
    /// of axis 0: if each item is one distribution, this is the mean of their divergences. `mean` divides by the number
    /// of kept elements. [`Extra::Mask`], of the input's shape, leaves out each value where it is 0. Gradients:
    /// `input`.
    ///
    /// Where the target is 0 the loss is 0 for every prediction, `−∞` included. A negative target gives NaN.
    ///
    /// Reference: `torch.nn.functional.kl_div`. See also: [`Distillation`](crate::Distillation), which takes logits on
    /// both sides.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, KlDiv, Reduction, cpu};
    /// let half = 0.5f32.ln();
    /// let input = Array::new(&[half, half], [1, 2])?;
    /// let target = Array::new(&[1.0f32, 0.0], [1, 2])?;
    /// // 1·(log 1 − log ½) + 0
    /// let loss = KlDiv::default().of(&input, &target).reduce(Reduction::BatchMean);
    /// assert!((cpu::value(&loss)?.loss()? - 2f64.ln()).abs() < 1e-6);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct KlDiv of (input, target) as Pointwise {
        /// Whether the target holds the logs of probabilities.
        pub log_target: bool = false, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "kl_div",
    title: "divergence of a target from predicted log-probabilities",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability).or_logs_if("log_target"),
        OperandSpec::SAMPLE_WEIGHT,
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
