//! Draws numbers over a grid as a surface or as a contour map, and curves and images beside them. The results are PNG or SVG
//! files; the font is built in.
//!
//! - A [`Chart`] is a whole picture of a [`Grid`]: axes, colour bar, contours, marked points with their names.
//! - A [`Picture`] is composed shape by shape, of text, lines, images and [`Plot`]s of curves.
//!
//! ```
//! use wgloss_chart::{Chart, Grid, Mark, Scale, Shape, View};
//!
//! // x² + y² at 21 x 21 points between −2 and 2
//! let along = |step: usize| step as f32 / 5.0 - 2.0;
//! let numbers: Vec<f32> = (0..21 * 21).map(|place| along(place % 21).powi(2) + along(place / 21).powi(2)).collect();
//! let mut chart = Chart {
//!     title: "A bowl".into(),
//!     axes: ["x", "y", "loss"].map(String::from),
//!     grid: Grid::new([[-2.0, 2.0], [-2.0, 2.0]], [21, 21], &numbers)?,
//!     scale: Scale::Linear,
//!     marks: vec![Mark { name: "minimum".into(), at: [0.0, 0.0], value: 0.0, shape: Shape::Star }],
//!     view: View::Surface { around: -60.0, above: 30.0 },
//! };
//! let surface: Vec<u8> = chart.png()?;
//! chart.view = View::Map;
//! let map: String = chart.svg()?;
//! # assert!(surface.starts_with(b"\x89PNG") && map.starts_with("<svg"));
//! # Ok::<(), wgloss_chart::Error>(())
//! ```

mod camera;
mod chart;
mod colour;
mod contours;
mod error;
mod grid;
mod labels;
mod map;
mod mesh;
mod picture;
mod plot;
mod render;
mod scale;
mod surface;

pub use chart::{Chart, Mark, Shape, View};
pub use colour::Colour;
pub use error::Error;
pub use grid::Grid;
pub use picture::{Align, Picture};
pub use plot::{Axis, Curve, Plot, Stroke};
pub use scale::Scale;
