//! The cosine of pairs of vectors that should agree or not.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Cosine embedding loss: `1 − cos(a, b)` for each pair of rows with target 1, `max(cos(a, b) − margin, 0)` with
    /// target −1.
    ///
    /// `input1` and `input2` are floats `[N, D]`. `target` holds floats or integers `[N]`, 1 or −1; any other number
    /// makes the row's loss 0. With the reduction `none` the result is `[N]`. [`Extra::Mask`], of this shape, leaves
    /// out each row where it is 0. Gradients: `input1`, `input2`.
    ///
    /// `cos(a, b) = a·b / (max(‖a‖, 1e-8)·max(‖b‖, 1e-8))`. The cosine is 0 for a vector of zeros, whose gradient is 0.
    /// Where the maximum is exactly 0, because the cosine equals the margin, the derivative is that of the cosine, not
    /// 0, as in PyTorch. Vectors are scaled to length 1 before they are multiplied, so that nothing overflows.
    /// `1 − cos` is computed as half of `‖a/‖a‖ − b/‖b‖‖²`, which keeps its digits for vectors that are nearly
    /// parallel.
    ///
    /// Reference: `torch.nn.CosineEmbeddingLoss`, which adds 1e-12 to the squared norms instead; its documentation
    /// recommends a margin from 0 to 0.5. See also: [`CosineSimilarity`](crate::CosineSimilarity), for targets in
    /// between; [`Contrastive`](crate::Contrastive), with squares.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, CosineEmbedding, cpu};
    /// let input1 = Array::new(&[1.0f32, 0.0, 1.0, 0.0], [2, 2])?;
    /// let input2 = Array::new(&[0.0f32, 1.0, 1.0, 0.0], [2, 2])?;
    /// let target = Array::new(&[1.0f32, -1.0], [2])?;
    /// // a cosine of 0 that should be 1, and a cosine of 1 that should be at most ½
    /// let loss = CosineEmbedding { margin: 0.5 }.of(&input1, &input2, &target);
    /// assert!((cpu::value(&loss)?.loss()? - (1.0 + 0.5) / 2.0).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct CosineEmbedding of (input1, input2, target) as Vectors {
        /// The cosine up to which pairs with target −1 cost nothing.
        pub margin: f32 = 0.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "cosine_embedding",
    title: "cosine of pairs that agree or do not",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row).holding(Domain::Sign).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/vectors/cosine_embedding"),
    default: || Box::new(CosineEmbedding::default()),
};

impl Vectors for CosineEmbedding {
    fn measure(&self) -> Measure {
        Measure::Cosine
    }
    fn score(&self, of: &Distances, target: f64) -> VectorsScore {
        let over = of.cosine - f64::from(self.margin);
        let (loss, d) = match target {
            1.0 => (of.d[0], 1.0),
            -1.0 if over >= 0.0 => (over, -1.0),
            _ => (0.0, 0.0),
        };
        VectorsScore { loss, d: [d, 0.0, 0.0] }
    }
}
