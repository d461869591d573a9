//! Cross-entropy of scaled cosines, with a margin at the label: CosFace and ArcFace.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::CrossEntropy;
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// The expression that replaces the label's cosine `cos θ`, with the margin m.
    pub enum MarginKind {
        /// CosFace: `cos θ − m`.
        Cosface = "cosface",
        /// ArcFace: `cos(θ + m)`, or `cos θ − m·sin m` where θ is greater than `π − m`, since `cos(θ + m)` would rise
        /// again there.
        Arcface = "arcface",
    }
}

loss! {
    /// Margin softmax (CosFace, ArcFace): `CrossEntropy(s·cos θ)`, where θ is the angle between a row and a class, and
    /// a margin m lowers the label's cosine. A GPU stores no more of the `[N, V]` cosines than its workspace bound
    /// allows.
    ///
    /// `features` holds floats `[N, D]`, and `weight` floats `[V, D]`, a row for each class. `target` holds labels,
    /// integers `[N]` in `0..V` or `ignore_index`. With the reduction `none` the result is `[N]`. [`Extra::Mask`], of
    /// this shape, leaves out each row where it is 0. Gradients: `features`, `weight`. They are with respect to the
    /// given vectors, not to the vectors divided by their norms.
    ///
    /// The label's logit is `s·(cos θ − m)` for `cosface`; for `arcface` it is `s·cos(θ + m)` where `θ ≤ π − m`, and
    /// `s·(cos θ − m·sin m)` beyond, with a step down between the two. Every other logit is `s·cos θ`. A norm below
    /// 1e-8 counts as 1e-8; a vector of zeros has the cosine 0 with every other, and its gradient is 0. Cosines beyond
    /// ±1 count as ±1. Where a cosine is ±1 its gradient is 0, since it is extreme there. A vector with an infinite
    /// element counts as NaN.
    ///
    /// `cos(θ + m)` is `cos θ·cos m − sin θ·sin m`. A cosine near ±1 has lost the digits of θ, so the label's sine is
    /// not computed as the root of `1 − cos²`, but as `½·|û − ŵ|·|û + ŵ|` from the vectors divided by their norms, in a
    /// pass over the rows and their labels' classes that comes first. The loss keeps its digits at every angle. A GPU's
    /// gradient does not: for a vector at a small angle θ to its class, its relative error is about 1e-6/θ, since
    /// cosines are rounded to f32. Where the label's sine is below 1e-6, the label's logit adds nothing to the
    /// gradient. With a scale of 64, the rounding of a cosine changes a logit by about 1e-5. A GPU takes norms of up to
    /// 8e37; a vector with a greater norm counts as NaN.
    ///
    /// A GPU folds tiles of cosines into each row's softmax, and computes them again for the gradients, block by block.
    /// Besides operands and gradients it uses no more memory than its workspace bound.
    ///
    /// Papers: Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", 2018; Deng et al., "ArcFace:
    /// Additive Angular Margin Loss for Deep Face Recognition", 2019. Reference: `CosFaceLoss` and `ArcFaceLoss` of
    /// pytorch-metric-learning. See also: [`LinearCrossEntropy`](crate::LinearCrossEntropy), without norms and margin;
    /// [`SupCon`](crate::SupCon), without class weights.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, MarginSoftmax, cpu};
    /// let features = Array::new(&[3.0f32, 0.0], [1, 2])?;
    /// let weight = Array::new(&[2.0f32, 0.0, 0.0, 5.0], [2, 2])?;
    /// let labels = Array::new(&[0i32], [1])?;
    /// // cosines of 1 and 0: the label's logit is 4·(1 − 0.25), the other 0
    /// let loss = MarginSoftmax { s: 4.0, m: 0.25, ..Default::default() }.of(&features, &weight, &labels);
    /// assert!((cpu::value(&loss)?.loss()? - (-3f64).exp().ln_1p()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct MarginSoftmax of (features, weight, target) as Linear {
        /// The kind of margin that the label's cosine gets.
        pub kind: MarginKind = MarginKind::Cosface, Range::Any;
        /// The factor s of the cosines, which makes them logits.
        pub s: f32 = 64.0, Range::Above(0.0);
        /// The margin m: a difference of cosines for `cosface`, an angle in radians for `arcface`, whose paper uses
        /// 0.5.
        pub m: f32 = 0.35, Range::Within(0.0, 2.0);
        /// The label of rows that are left out.
        pub ignore_index: i32 = -100, Range::Any;
        /// The share ε of the target that is spread evenly over the classes.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
    }
}

static HEADER: Header = Header {
    id: "margin_softmax",
    title: "cross-entropy of scaled cosines with a margin at the label",
    operands: &[
        OperandSpec::new("features", Role::Rows).differentiable(),
        OperandSpec::new("weight", Role::Projection).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/linear/margin_softmax"),
    default: || Box::new(MarginSoftmax::default()),
};

impl MarginSoftmax {
    fn of_logits(&self) -> CrossEntropy {
        let MarginSoftmax { ignore_index, label_smoothing, .. } = *self;
        CrossEntropy { ignore_index, label_smoothing, ..Default::default() }
    }
}

impl Softmax for MarginSoftmax {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn spreads(&self) -> bool {
        self.of_logits().spreads()
    }
    fn share(&self, q: f64, classes: usize) -> f64 {
        self.of_logits().share(q, classes)
    }
    fn cosines(&self) -> Option<f64> {
        Some(self.s.into())
    }
    fn margin(&self, cosine: f64, sine: f64) -> [f64; 2] {
        let m = f64::from(self.m);
        let (sin_m, cos_m) = m.sin_cos();
        match self.kind {
            MarginKind::Cosface => [cosine - m, 1.0],
            MarginKind::Arcface if cosine < -cos_m => [cosine - m * sin_m, 1.0],
            MarginKind::Arcface => [cosine * cos_m - sine * sin_m, cos_m + sin_m * cosine / sine],
        }
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        self.of_logits().score(s)
    }
}
