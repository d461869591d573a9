//! The structural similarity of two pictures.

use crate::leaf::{Padding, WindowScore, WindowSettings, WindowStatistics, Windows};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Structural dissimilarity: the mean of `1 − SSIM` over all windows of an item, with
    /// `SSIM = (2μₓμᵧ + C₁)(2σₓᵧ + C₂) / ((μₓ² + μᵧ² + C₁)(σₓ² + σᵧ² + C₂))`.
    ///
    /// `input` (x) and `target` (y) hold pictures, floats `[N, C, H, W]`, or with the class axis last. The means `μ`,
    /// variances `σ²` and the covariance `σₓᵧ` are those of a channel's pixels in windows of `window × window`,
    /// weighted by a Gaussian; `C₁ = (0.01·data_range)²` and `C₂ = (0.03·data_range)²`. Height and width are at least
    /// `window`, which is odd. With the reduction `none` the result is `[N]`; a mean divides by `N`. Gradients:
    /// `input`, `target`.
    ///
    /// `1 − SSIM` is computed from the mean and the variance of `x − y`, so that it keeps its digits where the pictures are
    /// nearly the same. A window with a pixel that is not finite makes the loss NaN; on a GPU, so do pixels of some 10¹⁸
    /// times `data_range` and beyond, whose squares f32 does not hold. A GPU sums the pixels of a window along rows
    /// first, then down columns. For gradients, it holds 24 bytes for each window of a band of rows, up to 64 MiB.
    ///
    /// Paper: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004. Reference:
    /// pytorch-msssim; with a `padding` of `same`, the loss of Gaussian splatting.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Ssim, cpu};
    /// let picture = Array::new(&[0.5f32; 121], [1, 1, 11, 11])?;
    /// let darker = Array::new(&[0.25f32; 121], [1, 1, 11, 11])?;
    /// // one window, in which only the means differ
    /// let ssim = (2.0 * 0.5 * 0.25 + 1e-4) / (0.5 * 0.5 + 0.25 * 0.25 + 1e-4);
    /// let loss = cpu::value(&Ssim::default().of(&picture, &darker))?.loss()?;
    /// assert!((loss - (1.0 - ssim)).abs() < 1e-6);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Ssim of (input, target) as Windows {
        /// The side of a window, in units of pixels; an odd number. A GPU takes up to 255.
        pub window: i32 = 11, Range::AtLeast(1.0);
        /// The standard deviation of the Gaussian that weights a window's pixels, in units of pixels.
        pub sigma: f32 = 1.5, Range::Above(0.0);
        /// The difference between the greatest and the least value that a pixel can have, in units of the input.
        pub data_range: f32 = 1.0, Range::Above(0.0);
        /// How pictures are padded: `valid` takes only windows that lie inside the picture; `same` surrounds it with
        /// zeros, so that each pixel is the centre of a window.
        pub padding: Padding = Padding::Valid, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "ssim",
    title: "structural dissimilarity of pictures",
    operands: &[
        OperandSpec::new("input", Role::Pictures).differentiable(),
        OperandSpec::new("target", Role::Pictures).differentiable(),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/windows/ssim"),
    default: || Box::new(Ssim::default()),
};

impl Windows for Ssim {
    fn settings(&self) -> WindowSettings {
        WindowSettings { size: self.window.max(1) as usize, sigma: self.sigma.into(), padding: self.padding }
    }

    fn score(&self, of: WindowStatistics) -> WindowScore {
        let range = f64::from(self.data_range);
        let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
        let (x, y) = (of.mean, of.mean - of.mean_difference);
        let (means, spreads) = (x * x + y * y + c1, of.spread + c2);
        // 1 minus each of the two ratios
        let (apart, unlike) = (of.mean_difference.powi(2) / means, of.spread_difference / spreads);
        let (d_apart, d_unlike) = (1.0 - unlike, 1.0 - apart);
        WindowScore {
            loss: apart + unlike - apart * unlike,
            d: [
                -d_apart * apart / means * 2.0 * (x + y),
                d_apart * 2.0 * (of.mean_difference + apart * y) / means,
                -d_unlike * unlike / spreads,
                d_unlike / spreads,
            ],
        }
    }
}
