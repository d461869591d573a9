//! The differences between neighbouring pixels.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Total variation: `Σ |x_right − x|^p + Σ |x_below − x|^p` over the pixels of all channels of an item.
    ///
    /// `input` holds pictures, floats `[N, C, H, W]`, or with the class axis last. A pixel in the last column has no
    /// right neighbour, and a pixel in the last row has none below. With the reduction `none` the result is `[N]`. A
    /// mean divides by `N`, not by the number of pixels. Gradients: `input`.
    ///
    /// With `p` of 1 the derivative of a difference of 0 is 0. A picture of one pixel has a value of 0.
    ///
    /// Paper: Rudin et al., "Nonlinear total variation based noise removal algorithms", 1992. Its total variation is
    /// isotropic; this one is anisotropic, since it sums the differences along each axis separately. See also:
    /// [`Charbonnier`](crate::Charbonnier) for the pixels themselves.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, TotalVariation, cpu};
    /// let picture = Array::new(&[0.0f32, 1.0, 4.0, 2.0], [1, 1, 2, 2])?;
    /// // rows 0 1 and 4 2: steps of 1 and 2 to the right, of 4 and 1 down
    /// assert_eq!(cpu::value(&TotalVariation::default().of(&picture))?.loss()?, 1.0 + 2.0 + 4.0 + 1.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct TotalVariation of (input) as Neighbours {
        /// The power of each difference: 1 or 2.
        pub p: i32 = 1, Range::Within(1.0, 2.0);
    }
}

static HEADER: Header = Header {
    id: "total_variation",
    title: "differences of neighbouring pixels",
    operands: &[OperandSpec::new("input", Role::Pictures).differentiable(), OperandSpec::SAMPLE_WEIGHT],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/neighbours/total_variation"),
    default: || Box::new(TotalVariation::default()),
};

impl Pointwise for TotalVariation {
    fn score(&self, [d, ..]: [f64; 4], _: [f64; 3]) -> ElementScore {
        // the sign of 0 is 0
        let sign = if d == 0.0 { 0.0 } else { d.signum() };
        let (loss, slope) = if self.p == 1 { (d.abs(), sign) } else { (d * d, 2.0 * d) };
        ElementScore { loss, d: [slope, 0.0, 0.0, 0.0] }
    }
}
