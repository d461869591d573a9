//! The squared error of a cosine.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Cosine similarity loss: `(cos(a, b) − t)²` for each pair of rows.
    ///
    /// `input1` and `input2` are `[N, D]`, `target` holds the cosine that each pair should have, `[N]`. `none` is `[N]`;
    /// [`Extra::Mask`] has this shape.
    ///
    /// The cosine is that of [`CosineEmbedding`](crate::CosineEmbedding): 0 for a vector of zeros, whose gradient is 0, and
    /// no length of a vector overflows. For vectors that nearly agree the error is `(1 − t) − (1 − cos)`, with `1 − cos`
    /// computed as it is there, so that small errors keep their digits.
    ///
    /// Reference: sentence-transformers' `CosineSimilarityLoss`; `torch.nn.functional.cosine_similarity` under `mse_loss`.
    /// Neighbours: [`CosineEmbedding`](crate::CosineEmbedding) for targets that are yes or no.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for inputs that are not `[N, D]`.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct CosineSimilarity of (input1, input2, target) as Vectors {}
}

static HEADER: Header = Header {
    id: "cosine_similarity",
    title: "squared error of a cosine",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row).holding(Domain::Probability),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/vectors/cosine_similarity"),
    default: || Box::new(CosineSimilarity::default()),
};

impl Vectors for CosineSimilarity {
    fn measure(&self) -> Measure {
        Measure::Cosine
    }
    fn score(&self, of: &Distances, target: f64) -> VectorsScore {
        let error = if of.cosine > 0.5 { (1.0 - target) - of.d[0] } else { of.cosine - target };
        VectorsScore { loss: error * error, d: [-2.0 * error, 0.0, 0.0] }
    }
}
