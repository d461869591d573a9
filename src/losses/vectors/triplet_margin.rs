//! The margin between an anchor's distances to a positive and to a negative.

use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Triplet margin loss: `max(d(a, p) − d(a, n) + margin, 0)` for each row's anchor, positive and negative.
    ///
    /// `anchor`, `positive` and `negative` are floats `[N, D]`. The distance is `d(x, y) = (Σ |x − y + eps|^p)^(1/p)`.
    /// With the reduction `none` the result is `[N]`. [`Extra::Mask`], of this shape, leaves out each row where it is
    /// 0. Gradients: `anchor`, `positive`, `negative`.
    ///
    /// With `swap`, the smaller of `d(a, n)` and `d(p, n)` takes the place of `d(a, n)`; if the two are equal, each has
    /// half of the derivative.
    ///
    /// Where `d(a, p) − d(a, n) + margin` is exactly 0, the derivative is that of this expression, as in PyTorch, and
    /// not 0. Where a distance is exactly 0, its gradient is 0; so is the gradient of a coordinate whose difference is
    /// 0. Differences are divided by the greatest one before they are raised to `p`, so that no power overflows or
    /// vanishes.
    ///
    /// Paper: Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural
    /// networks", 2016. Reference: `torch.nn.TripletMarginLoss`. See also: [`Contrastive`](crate::Contrastive), for
    /// pairs.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, TripletMargin, cpu};
    /// let anchor = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let positive = Array::new(&[3.0f32, 4.0], [1, 2])?;
    /// let negative = Array::new(&[0.0f32, 2.0], [1, 2])?;
    /// // distances of 5 and 2, and a margin of 1
    /// let loss = cpu::value(&TripletMargin::default().of(&anchor, &positive, &negative))?.loss()?;
    /// assert!((loss - (5.0 - 2.0 + 1.0)).abs() < 1e-4);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct TripletMargin of (anchor, positive, negative) as Vectors {
        /// By how much the distance to the negative has to exceed the distance to the positive, in units of the
        /// distance.
        pub margin: f32 = 1.0, Range::Any;
        /// The power p of the norm.
        pub p: f32 = 2.0, Range::Above(0.0);
        /// A number that is added to each difference, in units of the inputs.
        pub eps: f32 = 1e-6, Range::Above(0.0);
        /// Whether the distance between positive and negative replaces that between anchor and negative where it is
        /// smaller.
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
        OperandSpec::SAMPLE_WEIGHT,
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
        // how much of the smaller distance's derivative each of the two gets
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
