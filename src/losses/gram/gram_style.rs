//! The style loss of Gram matrices.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::Mse;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Style loss: the squared difference of the Gram matrices `G = F·Fᵀ / (C·S)` for each pair of channels, where `F`
    /// is an item's channels, `[C, S]`.
    ///
    /// `input` and `target` are feature maps of one shape, floats `[N, C, ...]`, or with the class axis last; `S` is
    /// the number of positions. With the reduction `none` the result is `[N, C, C]`. A mean divides by `N·C·C`.
    /// Gradients: `input`.
    ///
    /// The difference of the two matrices is summed from products that contain `input − target`, so that it keeps its
    /// digits where the features are close. Without positions, a mean is NaN and a sum is 0. A channel with an infinite
    /// element counts as NaN.
    ///
    /// Paper: Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", 2016. See also:
    /// [`Mse`](crate::Mse) of the features themselves, the content loss; [`StyleTransfer`](crate::StyleTransfer), the
    /// sum of both.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, GramStyle, cpu};
    /// let input = Array::new(&[1.0f32, 3.0], [1, 1, 2])?;
    /// let target = Array::new(&[1.0f32, 1.0], [1, 1, 2])?;
    /// // one channel: (1² + 3²)/2 = 5 against (1² + 1²)/2 = 1
    /// assert_eq!(cpu::value(&GramStyle::default().of(&input, &target))?.loss()?, (5.0 - 1.0) * (5.0 - 1.0));
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct GramStyle of (input, target) as Gram {}
}

static HEADER: Header = Header {
    id: "gram_style",
    title: "squared difference of Gram matrices",
    operands: &[
        OperandSpec::new("input", Role::Channels).differentiable(), OperandSpec::new("target", Role::Channels),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    // a squared error has the same leaf
    shader: source!("losses/pointwise/mse"),
    default: || Box::new(GramStyle::default()),
};

impl Pointwise for GramStyle {
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore {
        Mse::default().score(v, item)
    }
}
