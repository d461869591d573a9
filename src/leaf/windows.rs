//! Leaves that score windows of two pictures.

use crate::options::choice;

/// A loss of two pictures, from statistics over windows.
pub trait Windows {
    /// The size, weights and padding of the windows.
    fn settings(&self) -> WindowSettings;
    /// The loss of a window, and its derivative with respect to each statistic.
    fn score(&self, of: WindowStatistics) -> WindowScore;
    /// The weights of levels, the finest first; empty where the loss sees the pictures at one size.
    ///
    /// Each level but the first has the means of 2 × 2 pixels of the level before. With `m` the mean score of a plane's windows
    /// at a level, the plane's loss is `1 − Π max(1 − m, 0)^weight`, and an item's is the mean over its planes. Windows of all
    /// levels but the last are scored as if the pictures had equal means in them.
    fn levels(&self) -> &[f64] {
        &[]
    }
}

choice! {
    /// What lies beyond the border of a picture.
    pub enum Padding {
        /// Nothing: windows lie inside the picture.
        Valid = "valid",
        /// Zeros, half a window on each side, so that every pixel is the middle of a window.
        Same = "same",
    }
}

/// The windows of a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowSettings {
    /// The pixels of a window's side, an odd number.
    pub size: usize,
    /// The standard deviation, in pixels, of the Gaussian that weights a window's pixels.
    pub sigma: f64,
    /// What lies beyond the border of a picture.
    pub padding: Padding,
}

impl WindowSettings {
    /// The width in pixels of the border of zeros around a picture.
    pub(crate) fn margin(&self) -> usize {
        if self.padding == Padding::Same { self.size / 2 } else { 0 }
    }
}

/// Weighted statistics over a window of two pictures `x` and `y`. `spread` and `spread_difference` are never negative, and
/// `spread_difference` is small where the pictures are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WindowStatistics {
    /// The mean of `x`.
    pub mean: f64,
    /// The mean of `x − y`.
    pub mean_difference: f64,
    /// The variance of `x` and the variance of `y`, added.
    pub spread: f64,
    /// The variance of `x − y`.
    pub spread_difference: f64,
}

/// The loss of a window, and its derivative with respect to each of its [`WindowStatistics`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WindowScore {
    /// The loss.
    pub loss: f64,
    /// Its derivatives, in the order of the statistics.
    pub d: [f64; 4],
}
