//! The cosine of two vectors that are told to agree or not to.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Cosine embedding loss: `1 − cos(a, b)` for each pair of rows whose target is 1, `max(cos(a, b) − margin, 0)` where it is −1.
    ///
    /// `input1` and `input2` are `[N, D]`, `target` holds a float for each row, `[N]`: 1 or −1, any other number making the
    /// row's loss 0. `none` is `[N]`; [`Extra::Mask`] has this shape.
    ///
    /// `cos(a, b) = a·b / (max(‖a‖, 1e-8)·max(‖b‖, 1e-8))`, 0 for a vector of zeros, whose gradient is 0; at the margin the
    /// derivative is that of the branch that counts. Norms are summed after scaling by a power of two and the vectors
    /// brought to length 1 before they meet, so that neither overflows whatever the vectors' lengths, and `1 − cos` is half of
    /// `‖a/‖a‖ − b/‖b‖‖²`, which keeps its digits where vectors are nearly parallel.
    ///
    /// Reference: `torch.nn.CosineEmbeddingLoss`, which adds 1e-12 to squared norms instead. Neighbours:
    /// [`CosineSimilarity`](crate::CosineSimilarity) for targets between; [`Contrastive`](crate::Contrastive), squared.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for inputs that are not `[N, D]`.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct CosineEmbedding of (input1, input2, target) as Vectors {
        /// The cosine up to which vectors that should not agree cost nothing; PyTorch suggests 0 to 0.5.
        pub margin: f32 = 0.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "cosine_embedding",
    title: "cosine of pairs that agree or do not",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row).holding(Domain::Sign),
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
