//! Why something cannot be drawn.

use std::fmt;

/// The most pixels along a side of a picture.
pub(crate) const MOST_PIXELS: u32 = 16_384;

/// Why something cannot be drawn.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A grid has fewer than two columns or rows.
    TooFewPoints([usize; 2]),
    /// A grid has more or fewer numbers than points.
    Count {
        /// The number of points.
        points: usize,
        /// The number of numbers.
        numbers: usize,
    },
    /// The ends of a coordinate are not two finite numbers in ascending order, or their difference is not finite.
    Ends([f64; 2]),
    /// No number of a grid is finite.
    NothingFinite,
    /// A picture is empty, or has more than 16,384 pixels along a side.
    Size([u32; 2]),
    /// The file could not be made.
    Drawing(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooFewPoints([columns, rows]) => {
                write!(f, "the grid has {columns} x {rows} points, expected at least 2 x 2")
            }
            Error::Count { points, numbers } => write!(f, "the grid has {points} points, but {numbers} numbers"),
            Error::Ends([from, to]) => {
                write!(f, "a coordinate goes from {from} to {to}, expected two finite numbers in ascending order")
            }
            Error::Size([width, height]) => {
                write!(f, "the picture has {width} x {height} pixels, expected 1 to {MOST_PIXELS} along each side")
            }
            Error::NothingFinite => f.write_str("no number of the grid is finite"),
            Error::Drawing(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}
