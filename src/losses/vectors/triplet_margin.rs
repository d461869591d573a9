//! The margin between an anchor's distances to a positive and to a negative.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Triplet margin loss: `max(d(a, p) − d(a, n) + margin, 0)` for each row's anchor, positive and negative.
    ///
    /// All three are `[N, D]`. `d(x, y) = (Σ |x − y + eps|^p)^(1/p)`. With `swap`, `d(a, n)` is the lesser of itself and
    /// `d(p, n)`; where the two are equal each has half of the derivative. `none` is `[N]`; [`Extra::Mask`] has this shape.
    ///
    /// At the margin the derivative is that of the branch that counts; where a distance is exactly 0, so is its gradient, as
    /// is every coordinate's whose difference is 0. Powers are summed as shares of the greatest difference, so that none
    /// overflows or vanishes whatever `p` is; 1 and 2 take no logarithm.
    ///
    /// Paper: Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks",
    /// 2016. Reference: `torch.nn.TripletMarginLoss`. Neighbours: [`Contrastive`](crate::Contrastive) for pairs.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for an anchor that is not `[N, D]`.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct TripletMargin of (anchor, positive, negative) as Vectors {
        /// How much farther than the positive the negative has to be.
        pub margin: f32 = 1.0, Range::Any;
        /// The power of the norm.
        pub p: f32 = 2.0, Range::Above(0.0);
        /// What is added to each difference.
        pub eps: f32 = 1e-6, Range::Above(0.0);
        /// Whether the positive's distance to the negative counts where it is the lesser.
        pub swap: bool = false, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "triplet_margin",
    title: "margin between distances to a positive and a negative",
    operands: &[
        OperandSpec::new("anchor", Role::Element).differentiable(),
        OperandSpec::new("positive", Role::Element).differentiable(),
        OperandSpec::new("negative", Role::Element).differentiable(),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/vectors/triplet_margin"),
    default: || Box::new(TripletMargin::default()),
};

impl Vectors for TripletMargin {
    fn measure(&self) -> Measure {
        Measure::Norm { p: self.p, eps: self.eps }
    }
    fn pairs(&self) -> &'static [[usize; 2]] {
        if self.swap { &[[0, 1], [0, 2], [1, 2]] } else { &[[0, 1], [0, 2]] }
    }
    fn score(&self, of: &Distances, _target: f64) -> VectorsScore {
        let [ap, an, pn] = of.d;
        // the shares of the two distances in the lesser
        let [from_anchor, from_positive] = match an.total_cmp(&pn) {
            _ if !self.swap => [1.0, 0.0],
            std::cmp::Ordering::Less => [1.0, 0.0],
            std::cmp::Ordering::Equal => [0.5, 0.5],
            std::cmp::Ordering::Greater => [0.0, 1.0],
        };
        let lesser = if from_positive > 0.0 { pn } else { an };
        let loss = (ap - lesser) + f64::from(self.margin);
        match loss {
            _ if loss < 0.0 => VectorsScore::default(),
            _ => VectorsScore { loss, d: [1.0, -from_anchor, -from_positive] },
        }
    }
}
