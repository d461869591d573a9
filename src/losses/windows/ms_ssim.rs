//! The structural similarity of two pictures at several sizes.

use crate::leaf::{Padding, WindowScore, WindowSettings, WindowStatistics, Windows};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::Ssim;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Structural dissimilarity at five sizes: the mean over channels of `1 − Π max(csⱼ, 0)^wⱼ · max(ssim₅, 0)^w₅`, with the
    /// weights `w` of 0.0448, 0.2856, 0.3001, 0.2363 and 0.1333.
    ///
    /// `input` (x) and `target` (y) hold pictures, floats `[N, C, H, W]`, or with the class axis last. Each channel has
    /// five levels: the channel itself, and four more that each hold the means of 2 × 2 pixels of the level before. A
    /// side of odd length is padded with a zero before its first pixel. `ssim₅` is the mean SSIM of the last level's
    /// windows, as in [`Ssim`](crate::Ssim); `csⱼ` is the mean of `(2σₓᵧ + C₂) / (σₓ² + σᵧ² + C₂)` over the windows of
    /// level `j`. Height and width are greater than `16·(window − 1)`; `window` is odd. With the reduction `none` the
    /// result is `[N]`; a mean divides by `N`. Gradients: `input`, `target`. A channel has a loss of 1 and a gradient
    /// of 0 if the mean `csⱼ` or `ssim₅` of one of its levels is 0 or less.
    ///
    /// Each level's mean is computed as that of `1 − cs`, and the product through logarithms, so that the loss keeps
    /// its digits where the pictures are nearly the same. A pixel that is not finite makes the loss NaN; on a GPU, so do
    /// pixels of some 10¹⁸ times `data_range` and beyond, whose squares f32 does not hold. A GPU works on some planes at
    /// a time, each a channel of an item, and holds 8 bytes for each pixel of their levels from the second on; for
    /// gradients it holds 8 more for each pixel, and 24 for each window of a band of rows. A plane that does not fit the
    /// workspace bound or a binding is refused.
    ///
    /// Paper: Wang et al., "Multiscale Structural Similarity for Image Quality Assessment", 2003. Reference:
    /// pytorch-msssim 1.0.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, MsSsim, cpu};
    /// // a picture beside itself: its similarity is 1 at every level
    /// let picture = Array::new(&[0.5f32; 33 * 33], [1, 1, 33, 33])?;
    /// let loss = MsSsim::new().window(3);
    /// assert_eq!(cpu::value(&loss.of(&picture, &picture))?.loss()?, 0.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct MsSsim of (input, target) as Windows {
        /// The side of a window, in units of each level's pixels; an odd number. A GPU takes up to 255.
        pub window: i32 = 11, Range::AtLeast(1.0);
        /// The standard deviation of the Gaussian that weights a window's pixels, in units of pixels.
        pub sigma: f32 = 1.5, Range::Above(0.0);
        /// The difference between the greatest and the least value that a pixel can have, in units of the input.
        pub data_range: f32 = 1.0, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "ms_ssim",
    title: "structural dissimilarity of pictures at several sizes",
    operands: &[
        OperandSpec::new("input", Role::Pictures).differentiable(),
        OperandSpec::new("target", Role::Pictures).differentiable(),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    // the windows of each level are scored as those of ssim
    shader: source!("losses/windows/ssim"),
    default: || Box::new(MsSsim::default()),
};

/// The weights of the levels, finest first, as the paper's authors measured them.
const LEVELS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

impl Windows for MsSsim {
    fn settings(&self) -> WindowSettings {
        WindowSettings { size: self.window.max(1) as usize, sigma: self.sigma.into(), padding: Padding::Valid }
    }

    fn score(&self, of: WindowStatistics) -> WindowScore {
        Ssim { data_range: self.data_range, ..Ssim::default() }.score(of)
    }

    fn levels(&self) -> &[f64] {
        &LEVELS
    }
}
