//! The contrastive loss of pairs that are similar or not.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// How a contrastive loss measures distance.
    pub enum ContrastiveDistance {
        /// The norm of the difference.
        Euclidean = "euclidean",
        /// 1 − the cosine.
        Cosine = "cosine",
    }
}

loss! {
    /// Contrastive loss: `½·(t·d² + (1 − t)·max(margin − d, 0)²)` for each pair of rows at distance `d`.
    ///
    /// `input1` (a) and `input2` (b) are floats `[N, D]`. `target` holds floats or integers `[N]`: 1 for similar pairs,
    /// 0 for others. With the reduction `none` the result is `[N]`. [`Extra::Mask`], of this shape, leaves out each row
    /// where it is 0. Gradients: `input1`, `input2`.
    ///
    /// The euclidean distance is `‖a − b + 1e-6‖`, as in PyTorch's `pairwise_distance`. Where it is exactly 0, its
    /// gradient is 0. Differences are divided by the greatest one before they are squared, so that no square overflows:
    /// a distance is infinite only if it is itself too large. The cosine distance is `1 − cos(a, b)`, computed as in
    /// [`CosineEmbedding`](crate::CosineEmbedding). The derivative of a pair with target 0 is 0 from the margin on.
    ///
    /// Paper: Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006. See also:
    /// [`TripletMargin`](crate::TripletMargin), which compares distances.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Contrastive, cpu};
    /// let input1 = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let input2 = Array::new(&[3.0f32, 4.0], [1, 2])?;
    /// let similar = Array::new(&[1.0f32], [1])?;
    /// // half the square of the distance 5
    /// let loss = cpu::value(&Contrastive::default().of(&input1, &input2, &similar))?.loss()?;
    /// assert!((loss - 12.5).abs() < 1e-4);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Contrastive of (input1, input2, target) as Vectors {
        /// How the distance is measured.
        pub distance: ContrastiveDistance = ContrastiveDistance::Euclidean, Range::Any;
        /// The distance beyond which pairs with target 0 cost nothing, in units of the distance.
        pub margin: f32 = 1.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "contrastive",
    title: "distance of pairs that are similar or not",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row).holding(Domain::Binary).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/vectors/contrastive"),
    default: || Box::new(Contrastive::default()),
};

impl Vectors for Contrastive {
    fn measure(&self) -> Measure {
        match self.distance {
            ContrastiveDistance::Euclidean => Measure::Norm { p: 2.0, eps: 1e-6 },
            ContrastiveDistance::Cosine => Measure::Cosine,
        }
    }
    fn score(&self, of: &Distances, target: f64) -> VectorsScore {
        let d = of.d[0];
        let short = (f64::from(self.margin) - d).max(0.0);
        let loss = 0.5 * (target * d * d + (1.0 - target) * short * short);
        VectorsScore { loss, d: [target * d - (1.0 - target) * short, 0.0, 0.0] }
    }
}
