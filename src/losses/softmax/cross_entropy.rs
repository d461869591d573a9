//! Cross-entropy of a softmax over classes, for rows and for pixels.

use crate::leaf::{SmoothOver, Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Cross-entropy: `−log softmax(x)[t]` for each position.
    ///
    /// `input` holds logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// labels, integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`, or it holds probabilities, floats of the
    /// input's shape. With the reduction `none` the result is `[N, d1, ..., dk]`. [`Extra::Weight`] is a weight for
    /// each class, `[C]`. [`Extra::Mask`], of the shape `[N, d1, ..., dk]`, leaves out each position where it is 0.
    /// Gradients: `input`.
    ///
    /// The loss of a position is `Σ_c w_c·q_c·(lse − x_c) + z_loss·lse²`. Here `w` are the class weights and `lse` is
    /// the log of `Σ exp(x)`. `q` is the target's probability of the class, which is 1 or 0 where the target is a
    /// label; label smoothing makes it `(1 − ε)·q + ε/C`. If the target holds labels, a mean divides by the sum of
    /// `w[t]` over the kept positions; if it holds probabilities, by the number of kept positions. The z-loss has no
    /// class weights, and its mean divides by the number of kept positions.
    ///
    /// `lse − x_c` is computed as `(max − x_c) + log1p(Σ' exp(x − max))`, where the sum `Σ'` leaves out the maximum. No
    /// term is negative, so that the loss of a confident right answer keeps its digits. The gradient keeps its digits
    /// too: at the likeliest class it is a sum over the other classes, not a difference from 1.
    ///
    /// A logit of `−∞` masks its class exactly: the class has probability 0. If the target or the smoothing gives the
    /// class a share, the loss is infinite; otherwise the gradient of the class is 0. With a `smooth_over` of `finite`,
    /// which needs labels as the target, smoothing gives masked classes no share, and each of the K others `ε/K`. A
    /// class weight of exactly 0 removes the terms that carry it, infinite ones too. The position's other terms remain,
    /// and the position still counts as kept.
    ///
    /// Reference: `torch.nn.functional.cross_entropy`. Papers: Szegedy et al., "Rethinking the Inception Architecture
    /// for Computer Vision", 2016, which uses a label smoothing of 0.1; Chowdhery et al., "PaLM", 2022, which uses a
    /// z-loss of 1e-4. See also: [`SoftmaxFocal`](crate::SoftmaxFocal); [`Dice`](crate::Dice);
    /// [`LinearCrossEntropy`](crate::LinearCrossEntropy), for the logits of a linear layer.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, CrossEntropy, cpu};
    /// let logits = Array::new(&[0.0f32; 8], [2, 4])?;
    /// let labels = Array::new(&[3i32, -100], [2])?;
    /// // four equal logits: a probability of ¼; the second row is ignored
    /// let loss = cpu::value(&CrossEntropy::default().of(&logits, &labels))?.loss()?;
    /// assert!((loss - 4f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct CrossEntropy of (input, target) as Softmax {
        /// The label of positions that are left out. It has no effect if the target holds probabilities.
        pub ignore_index: i32 = -100, Range::Any;
        /// The share ε of the target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
        /// The classes that share the ε of label smoothing: `all`, or with `finite` those that no logit of −∞ masks.
        /// `finite` needs labels as the target.
        pub smooth_over: SmoothOver = SmoothOver::All, Range::Any;
        /// The factor of `lse²`, a term that keeps the logits from drifting; lse is the log of `Σ exp(x)`.
        pub z_loss: f32 = 0.0, Range::AtLeast(0.0);
        /// The bound c of a soft cap, in units of the logits: logits x become `c·tanh(x/c)` before anything else, as in
        /// Gemma 2 with c = 30. `None` leaves the logits as they are.
        pub softcap: Option<f32> = None, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "cross_entropy",
    title: "cross-entropy of a softmax",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Target).holding(Domain::Probability),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
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
    fn spares_masked(&self) -> bool {
        self.smooth_over == SmoothOver::Finite && self.spreads()
    }
    fn extra(&self) -> Option<&'static str> {
        (self.z_loss > 0.0).then_some("z_loss")
    }
    fn cap(&self) -> Option<f64> {
        self.softcap.map(f64::from)
    }
    fn share(&self, q: f64, classes: usize) -> f64 {
        let smoothing = f64::from(self.label_smoothing);
        // a single class has a loss of 0 whatever its share; in dice_cross_entropy it represents two classes
        (1.0 - smoothing) * q + smoothing / classes.max(2) as f64
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let (own, z) = (1.0 - f64::from(self.label_smoothing), f64::from(self.z_loss));
        // a class weight of 0 removes an infinite term too, and so does a label smoothing of 1
        let share = own * s.weight;
        SoftmaxScore {
            loss: part_of(share, s.nll) + s.spread,
            d_nll: share,
            extra: z * s.lse * s.lse,
            d_lse: 2.0 * z * s.lse,
        }
    }
}
