//! Binary cross-entropy, from probabilities.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Binary cross-entropy of probabilities: `−(t·log x + (1 − t)·log(1 − x))` for each element.
    ///
    /// `input` holds floats from 0 to 1, and `target`, of its shape, floats or integers from 0 to 1. With the reduction
    /// `none` the result has the shape of `input`. [`Extra::Weight`], of a shape that broadcasts to the input's,
    /// multiplies each value; a mean still divides by the number of values, as in PyTorch. [`Extra::Mask`], of the
    /// input's shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// As in PyTorch, a log below −100 counts as −100, and the gradient is `(x − t) / max(x·(1 − x), 1e-12)`. A
    /// prediction outside `[0, 1]` gives NaN.
    ///
    /// Reference: `torch.nn.functional.binary_cross_entropy`. See also: [`BceWithLogits`](crate::BceWithLogits). Prefer
    /// that loss if you have logits: it is accurate even where probabilities round to 0 or 1.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Bce, Reduction, cpu};
    /// let input = Array::new(&[0.5f32, 0.0], [2])?;
    /// let target = Array::new(&[1.0f32, 1.0], [2])?;
    /// // −log ½, and 100 for a probability of 0
    /// let loss = Bce::default().of(&input, &target).reduce(Reduction::Sum);
    /// assert!((cpu::value(&loss)?.loss()? - (2f64.ln() + 100.0)).abs() < 1e-9);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Bce of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "bce",
    title: "cross-entropy of independent probabilities",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Probability),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability).or_integers(),
        OperandSpec::WEIGHT,
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/bce"),
    default: || Box::new(Bce::default()),
};

impl Pointwise for Bce {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        if !(0.0..=1.0).contains(&x) {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let (log_x, log_rest) = (x.ln().max(-100.0), (-x).ln_1p().max(-100.0));
        ElementScore {
            loss: -(t * log_x + (1.0 - t) * log_rest),
            d: [(x - t) / (x * (1.0 - x)).max(1e-12), 0.0, 0.0, 0.0],
        }
    }
}
