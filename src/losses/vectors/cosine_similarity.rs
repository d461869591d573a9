//! The squared error of a cosine.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Cosine similarity loss: `(cos(a, b) − t)²` for each pair of rows.
    ///
    /// `input1` (a) and `input2` (b) are floats `[N, D]`. `target` holds floats `[N]`: the cosine that each pair should
    /// have. With the reduction `none` the result is `[N]`. [`Extra::Mask`], of this shape, leaves out each row where
    /// it is 0. Gradients: `input1`, `input2`.
    ///
    /// The cosine is computed as in [`CosineEmbedding`](crate::CosineEmbedding). It is 0 for a vector of zeros, whose
    /// gradient is 0, and it does not overflow for long vectors. For cosines above ½ the error is computed as
    /// `(1 − t) − (1 − cos)`, so that the small errors of nearly parallel vectors keep their digits.
    ///
    /// Reference: sentence-transformers' `CosineSimilarityLoss`; `torch.nn.functional.cosine_similarity` under
    /// `mse_loss`. See also: [`CosineEmbedding`](crate::CosineEmbedding), for targets of 1 and −1.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, CosineSimilarity, cpu};
    /// let vector = Array::new(&[3.0f32, 4.0], [1, 2])?;
    /// let target = Array::new(&[0.5f32], [1])?;
    /// // a vector has a cosine of 1 with itself: (1 − ½)²
    /// let loss = cpu::value(&CosineSimilarity::default().of(&vector, &vector.clone(), &target))?.loss()?;
    /// assert!((loss - 0.25).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct CosineSimilarity of (input1, input2, target) as Vectors {}
}

static HEADER: Header = Header {
    id: "cosine_similarity",
    title: "squared error of a cosine",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row),
        OperandSpec::SAMPLE_WEIGHT,
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
