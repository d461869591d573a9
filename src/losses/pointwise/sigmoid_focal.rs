//! The focal loss of independent binary questions.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, sigmoid_balance, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Sigmoid focal loss: `α_t·(1 − p_t)^γ·bce(x, t)` for each element, with `p = σ(x)` and `p_t = p·t + (1 − p)·(1 − t)`.
    ///
    /// `input` holds logits, `target` numbers, as a rule from 0 to 1, of one shape. Beyond them the formula holds where it is a
    /// number: a `1 − p_t` below 0 to a fraction is NaN, and so is its gradient. `bce` is `−t·log p − (1 − t)·log(1 − p)` and
    /// `α_t = α·t + (1 − α)·(1 − t)`. An optional [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// Written with `softplus(±x)`, the logs of `1 − p` and `p`, so that it is finite and accurate for every γ ≥ 0 and any
    /// finite logit (an infinite one gives NaN, as in PyTorch): `(1 − p)^γ` is `exp(−γ·softplus(x))`, never a power of a number that was rounded to 0; on
    /// the GPU, for a whole γ up to 4, a product of `1 − p`, which is not rounded from 1 there.
    ///
    /// Paper: Lin et al., "Focal Loss for Dense Object Detection", 2017. Reference: `torchvision.ops.sigmoid_focal_loss`.
    /// Neighbours: [`SoftmaxFocal`] for classes that exclude each other.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    /// [`SoftmaxFocal`]: crate::SoftmaxFocal
    pub struct SigmoidFocal of (input, target) as Pointwise {
        /// The weight of positive targets, 1 − alpha being that of negative ones; none weighs both by 1.
        pub alpha: Option<f32> = Some(0.25), Range::Within(0.0, 1.0);
        /// How strongly elements that are already right are played down; 0 does not.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "sigmoid_focal",
    title: "focal loss of independent binary questions",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Binary),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/sigmoid_focal"),
    default: || Box::new(SigmoidFocal::default()),
};

impl Pointwise for SigmoidFocal {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let gamma = f64::from(self.gamma);
        if x.is_infinite() {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let (p, q) = (sigmoid(x), sigmoid(-x));
        let bce = t * softplus(-x) + (1.0 - t) * softplus(x);
        let alpha = self.alpha.map_or(1.0, |a| f64::from(a) * t + (1.0 - f64::from(a)) * (1.0 - t));
        // 1 − p_t; for t of 0 and 1 its log is −softplus(±x), which does not round
        let miss = q * t + p * (1.0 - t);
        let focus = match t {
            0.0 => (-gamma * softplus(-x)).exp(),
            1.0 => (-gamma * softplus(x)).exp(),
            _ => miss.powf(gamma),
        };
        // d(miss)/dx = (1 − 2t)·p·q, and for t of 0 and 1 its ratio to miss is (1 − 2t)·p_t
        let d_log_miss = match t {
            0.0 => q,
            1.0 => -p,
            _ => (1.0 - 2.0 * t) * p * q / miss,
        };
        let d_bce = sigmoid_balance(1.0 - t, t, x);
        ElementScore {
            loss: alpha * focus * bce,
            d: [alpha * focus * (gamma * d_log_miss * bce + d_bce), 0.0, 0.0, 0.0],
        }
    }
}
