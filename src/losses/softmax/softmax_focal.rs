//! The focal loss of classes that exclude each other.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Softmax focal loss: `−α[t]·(1 − p_t)^γ·log p_t` for each position, with `p = softmax(x)`.
    ///
    /// `input` holds logits, `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last; `target` labels of shape
    /// `[N, d1, ..., dk]`. [`Extra::Alpha`] is a weight for each class, `[C]`; [`Extra::Mask`] has the labels' shape. `none`
    /// has the labels' shape. A mean divides by the number of kept positions, never by their weights.
    ///
    /// `1 − p_t` is the share of the other classes, summed without the target, so that a confident right answer keeps its
    /// digits; the derivative's `(1 − p_t)^(γ−1)·log p_t` is computed as `(1 − p_t)^γ` times a ratio that tends to −1, so
    /// that it is finite for every γ ≥ 0. An alpha of exactly 0 mutes the positions of its class, infinitely wrong ones too;
    /// they are counted still.
    ///
    /// Paper: Lin et al., "Focal Loss for Dense Object Detection", 2017. Neighbours: [`SigmoidFocal`](crate::SigmoidFocal)
    /// for independent questions; [`CrossEntropy`](crate::CrossEntropy), which γ = 0 is.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` that is not `ignore_index`.
    ///
    /// [`Extra::Alpha`]: crate::Extra::Alpha
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct SoftmaxFocal of (input, target) as Softmax {
        /// How strongly positions that are already right are played down; 0 does not.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
        /// The label of positions that take no part.
        pub ignore_index: i32 = -100, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "softmax_focal",
    title: "focal loss of classes that exclude each other",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("alpha", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/softmax/softmax_focal"),
    default: || Box::new(SoftmaxFocal::default()),
};

impl Softmax for SoftmaxFocal {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let gamma = f64::from(self.gamma);
        let focus = s.miss.powf(gamma);
        let p = 1.0 - s.miss;
        // nll/miss tends to 1; where p is 0, p·nll is 0 although nll may be infinite
        let ratio = if s.miss == 0.0 {
            1.0
        } else if p == 0.0 {
            0.0
        } else {
            p * s.nll / s.miss
        };
        // an alpha of 0 mutes its term, infinite or not
        let share = s.weight * focus;
        SoftmaxScore { loss: part_of(share, s.nll), d_nll: share * (1.0 + gamma * ratio), ..Default::default() }
    }
}
