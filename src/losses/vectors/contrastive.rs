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
        /// One less the cosine.
        Cosine = "cosine",
    }
}

crate::loss! {
    /// Contrastive loss: `½·(t·d² + (1 − t)·max(margin − d, 0)²)` for each pair of rows at distance `d`.
    ///
    /// `input1` and `input2` are `[N, D]`, `target` holds a float for each row, `[N]`: 1 for similar pairs, 0 for others.
    /// `none` is `[N]`; [`Extra::Mask`] has this shape.
    ///
    /// The euclidean distance is `‖a − b + 1e-6‖`, as PyTorch's `pairwise_distance` has it; where it is exactly 0, so is
    /// its gradient. The cosine distance is `1 − cos(a, b)`, computed as by
    /// [`CosineEmbedding`](crate::CosineEmbedding). At the margin the derivative is 0. Squares are summed as shares of the
    /// greatest difference, so that a distance overflows only where the number itself does.
    ///
    /// Paper: Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006. Neighbours:
    /// [`TripletMargin`](crate::TripletMargin) for distances that are compared.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for inputs that are not `[N, D]`.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Contrastive of (input1, input2, target) as Vectors {
        /// How distance is measured.
        pub distance: ContrastiveDistance = ContrastiveDistance::Euclidean, Range::Any;
        /// The distance from which pairs that are not similar cost nothing.
        pub margin: f32 = 1.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "contrastive",
    title: "distance of pairs that are similar or not",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Row).holding(Domain::Binary),
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
