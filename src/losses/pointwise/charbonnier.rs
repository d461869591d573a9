//! Absolute error, smooth near 0.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::Range;
use crate::reduction::Reduction;

loss! {
    /// Charbonnier loss: `√(d² + ε²)` for each element, where `d = x − t`. It is used for image restoration and
    /// super-resolution.
    ///
    #[doc = paired!()]
    ///
    /// The root is computed as `m·√(1 + r²)`, where `m` is the larger of `|d|` and ε, and `r` is the smaller divided by
    /// the larger, so that no square overflows and no small root becomes 0. The derivative is `d/√(d² + ε²)`; at 0 it
    /// is 0, even where ε is 0.
    ///
    /// Papers: Charbonnier et al., "Two Deterministic Half-Quadratic Regularization Algorithms for Computed Imaging",
    /// 1994; Lai et al., "Deep Laplacian Pyramid Networks", 2017, which uses ε = 0.001. See also: [`L1`](crate::L1),
    /// which is this loss for ε = 0; [`Huber`](crate::Huber) and [`LogCosh`](crate::LogCosh), which are 0 where the
    /// error is 0.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Charbonnier, cpu};
    /// let (input, target) = (Array::new(&[4.0f32], [1])?, Array::new(&[0.0f32], [1])?);
    /// // the hypotenuse of 3 and 4
    /// assert_eq!(cpu::value(&Charbonnier { epsilon: 3.0 }.of(&input, &target))?.loss()?, 5.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Charbonnier of (input, target) as Pointwise {
        /// The error ε below which the loss is nearly quadratic, and above which it is nearly the absolute error, in
        /// units of the input.
        pub epsilon: f32 = 1e-3, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "charbonnier",
    title: "absolute error, smooth near 0",
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
        // where the loss is infinite the quotient is NaN, and its limit is the sign
        let slope = if loss.is_finite() && loss > 0.0 { d / loss } else { sign(d) };
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
