//! The negative log-likelihood of Poisson counts.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Poisson negative log-likelihood: `e^x − t·x` for each element, `x` being the log of the rate; without `log_input`
    /// `x − t·log(x + eps)`.
    ///
    /// `input` and `target` have one shape; targets are counts. With `full` Stirling's approximation of `log t!`, `t·log t
    /// − t + ½·log(2πt)`, is added where `t > 1`. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// Reference: `torch.nn.functional.poisson_nll_loss`. Neighbours: [`GaussianNll`](crate::GaussianNll).
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct PoissonNll of (input, target) as Pointwise {
        /// Whether the input is the log of the rate.
        pub log_input: bool = true, Range::Any;
        /// Whether the target's own term is added.
        pub full: bool = false, Range::Any;
        /// Added to a rate before its log is taken.
        pub eps: f32 = 1e-8, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "poisson_nll",
    title: "negative log-likelihood of counts",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Positive),
        OperandSpec::new("target", Role::Element).holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/poisson_nll"),
    default: || Box::new(PoissonNll::default()),
};

impl Pointwise for PoissonNll {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let rate = x + f64::from(self.eps);
        let stirling = t * (t.ln() - 1.0) + 0.5 * (std::f64::consts::TAU * t).ln();
        let (loss, slope) = match self.log_input {
            true => (x.exp() - t * x, x.exp() - t),
            false => (x - t * rate.ln(), 1.0 - t / rate),
        };
        ElementScore { loss: loss + if self.full && t > 1.0 { stirling } else { 0.0 }, d: [slope, 0.0, 0.0, 0.0] }
    }
}
