//! Absolute error, rounded off near 0.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

crate::loss! {
    /// Charbonnier loss: `√(d² + ε²)` where `d = x − t`, as images are restored and enlarged with.
    ///
    /// `input` and `target` have one shape and are both differentiable. By an optional [`Extra::Weight`] `none` and `sum`
    /// are multiplied, a mean being `Σ w·l / Σ w`. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// It is computed as a hypotenuse, by the ratio of the smaller to the larger of the two, so that no square overflows or
    /// vanishes; the derivative is `d/√(d² + ε²)`, 0 at 0 also where ε is.
    ///
    /// Papers: Charbonnier et al., "Two Deterministic Half-Quadratic Regularization Algorithms for Computed Imaging", 1994;
    /// Lai et al., "Deep Laplacian Pyramid Networks", 2017, with ε = 0.001. Neighbours: [`L1`](crate::L1), which it is for
    /// ε = 0; [`Huber`](crate::Huber) and [`LogCosh`](crate::LogCosh), which are 0 at 0.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Charbonnier of (input, target) as Pointwise {
        /// ε: how far from 0 the error counts as it is, in units of the input.
        pub epsilon: f32 = 1e-3, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "charbonnier",
    title: "absolute error, rounded off near 0",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/charbonnier"),
    default: || Box::new(Charbonnier::default()),
};

impl Pointwise for Charbonnier {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let d = x - t;
        let loss = d.hypot(f64::from(self.epsilon));
        // an infinite error has the slope of an absolute one
        let slope = if loss.is_finite() && loss > 0.0 { d / loss } else { sign(d) };
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
