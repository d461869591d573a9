//! Cross-entropy of a softmax, over rows and over pixels.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Cross-entropy: `−log softmax(x)[t]` for each position.
    ///
    /// `input` holds logits, `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds labels, integers
    /// of shape `[N, d1, ..., dk]`, or probabilities, floats of the input's shape. [`Extra::Weight`] is a weight for each
    /// class, `[C]`; [`Extra::Mask`] has the labels' shape. `none` has the labels' shape.
    ///
    /// With `q` the target's probabilities (1 at the label), `q' = (1 − ε)·q + ε/C` under label smoothing and class weights
    /// `w`, the loss of a position is `Σ_c w_c·q'_c·(lse − x_c) + z·lse²`. A mean over labels divides by `Σ w[t]` of the kept
    /// ones, over probabilities by the number of positions, and the z-loss by the number of kept positions.
    ///
    /// `lse − x_c` is computed as `(max − x_c) + log1p(Σ' exp(x − max))`, the sum leaving the maximum out: no term is
    /// negative, so that the loss of a confident right answer keeps its digits. So does its gradient: that of the likeliest
    /// class is what the others pull less what it lacks of 1. `−∞` logits are classes that are masked, exactly: they get no
    /// probability; their loss is infinite where the target, or a smoothing, has a share for them, and their gradient is 0
    /// where it has none. A class weight of exactly 0 mutes the terms that carry it, infinite ones too; the position is
    /// counted still.
    ///
    /// Reference: `torch.nn.functional.cross_entropy`; the z-loss is that of Chowdhery et al., "PaLM", 2022.
    /// Neighbours: [`SoftmaxFocal`](crate::SoftmaxFocal), [`Dice`](crate::Dice).
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C` that is not `ignore_index`.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct CrossEntropy of (input, target) as Softmax {
        /// The label of positions that take no part. It does not act on probabilities.
        pub ignore_index: i32 = -100, Range::Any;
        /// The share ε of the target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The factor of lse², which keeps logits from drifting.
        pub z_loss: f32 = 0.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "cross_entropy",
    title: "cross-entropy of a softmax",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Probability),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/softmax/cross_entropy"),
    default: || Box::new(CrossEntropy::default()),
};

impl Softmax for CrossEntropy {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn spreads(&self) -> bool {
        self.label_smoothing > 0.0
    }
    fn extra(&self) -> Option<&'static str> {
        (self.z_loss > 0.0).then_some("z_loss")
    }
    fn share(&self, q: f64, classes: usize) -> f64 {
        let smoothing = f64::from(self.label_smoothing);
        // a single class has no loss to share; where it stands for two, they share
        (1.0 - smoothing) * q + smoothing / classes.max(2) as f64
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let (own, z) = (1.0 - f64::from(self.label_smoothing), f64::from(self.z_loss));
        // a class weight of 0 mutes its term, infinite or not, and so does a smoothing that spreads all of it
        let share = own * s.weight;
        SoftmaxScore {
            loss: part_of(share, s.nll) + s.spread,
            d_nll: share,
            extra: z * s.lse * s.lse,
            d_lse: 2.0 * z * s.lse,
        }
    }
}
