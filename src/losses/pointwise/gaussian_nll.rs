//! The negative log-likelihood of a Gaussian of predicted mean and variance.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Gaussian negative log-likelihood: `½·(log v + (x − t)²/v)` for each element, `v` being the variance, no less than
    /// eps.
    ///
    /// `input`, `target` and `var` have one shape; `input` and `var` are differentiable. An [`Extra::Mask`] leaves out
    /// what it is zero for.
    ///
    /// A variance below eps counts as eps, and its gradient is passed straight through, as in PyTorch, so that training
    /// can lift it.
    ///
    /// Reference: `torch.nn.functional.gaussian_nll_loss`. Paper: Nix & Weigend, "Estimating the Mean and Variance of the
    /// Target Probability Distribution", 1994. Neighbours: [`Mse`](crate::Mse), of a variance that is the same everywhere.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct GaussianNll of (input, target, var) as Pointwise {
        /// Whether the constant `½·log 2π` is added.
        pub full: bool = false, Range::Any;
        /// The least variance.
        pub eps: f32 = 1e-6, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "gaussian_nll",
    title: "negative log-likelihood of a Gaussian",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element),
        OperandSpec::new("var", Role::Element).differentiable().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/gaussian_nll"),
    default: || Box::new(GaussianNll::default()),
};

impl Pointwise for GaussianNll {
    fn score(&self, [x, t, var, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let eps = f64::from(self.eps);
        let (d, v) = (x - t, if var < eps { eps } else { var });
        let constant = if self.full { 0.5 * std::f64::consts::TAU.ln() } else { 0.0 };
        ElementScore { loss: 0.5 * (v.ln() + d * d / v) + constant, d: [d / v, 0.0, 0.5 * (1.0 - d * d / v) / v, 0.0] }
    }
}
