//! Loss landscapes: a loss over a grid of two coordinates, which are parameters or directions in a parameter space.
//!
//! A [`Grid`] holds the points and hands them out in batches; you evaluate each batch, on a GPU or not. A [`Plane`] makes the
//! parameters of a point, for example a trained network's parameters moved along two random directions. A [`Surface`] holds
//! the losses of all points.
//!
//! ```
//! use wgloss::landscape::Grid;
//! use wgloss::{Array, Mse, Reduction, cpu};
//!
//! // (x − y)² at 3 x 3 points
//! let surface = Grid::new([-1.0, 1.0], [0.0, 2.0], [3, 3])?.surface(9, |points| {
//!     let along = |axis: usize| points.iter().map(|point| point[axis]).collect::<Vec<f32>>();
//!     let x = Array::new(&along(0), [points.len()])?;
//!     let y = Array::new(&along(1), [points.len()])?;
//!     Ok::<_, wgloss::Error>(cpu::value(&Mse::default().of(&x, &y).reduce(Reduction::None))?.tensor().to_f32())
//! })?;
//! assert_eq!(surface.values(), [1.0, 0.0, 1.0, 4.0, 1.0, 0.0, 9.0, 4.0, 1.0]);
//! assert_eq!(surface.lowest(), Some(([0.0, 0.0], 0.0)));
//! # Ok::<(), wgloss::Error>(())
//! ```

use crate::error::{Error, Result};
use crate::random::Random;
use std::ops::Range;

/// The most points that a grid can have.
const MOST_POINTS: usize = 1 << 24;

/// Evenly spaced points over two coordinates, in rows. The first coordinate runs along a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    ends: [[f32; 2]; 2],
    size: [usize; 2],
}

impl Grid {
    /// The grid from the first to the last value of each coordinate. `size` is the number of columns and of rows.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for ends that are not finite and in ascending order, and for fewer than 2 columns or
    /// rows; [`Error::TooLarge`] for more than 2²⁴ points.
    pub fn new(x: [f32; 2], y: [f32; 2], size: [usize; 2]) -> Result<Grid> {
        let refuse = |option: &str, value: String, expected: &str| {
            Err(Error::InvalidOption { loss: "landscape", option: option.into(), value, expected: expected.into() })
        };
        for (name, [from, to]) in [("x", x), ("y", y)] {
            // if the width overflows, points between the ends are not finite
            if !(from < to && (to - from).is_finite()) {
                return refuse(name, format!("{from} to {to}"), "two finite numbers in ascending order");
            }
        }
        if size.iter().any(|&count| count < 2) {
            return refuse("size", format!("{} x {}", size[0], size[1]), "at least 2 x 2");
        }
        let needed = (size[0] as u64).saturating_mul(size[1] as u64);
        if needed > MOST_POINTS as u64 {
            let what = "points of a grid".into();
            return Err(Error::TooLarge { what, needed, limit: MOST_POINTS as u64 });
        }
        Ok(Grid { ends: [x, y], size })
    }

    /// The number of columns and of rows.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// The first and the last value of each coordinate.
    pub fn ends(&self) -> [[f32; 2]; 2] {
        self.ends
    }

    /// The point with this index, counted row by row. The last point of a row or column lies exactly on its end, and the middle
    /// point exactly in the middle.
    pub fn point(&self, place: usize) -> [f32; 2] {
        let along = |axis: usize, step: usize| {
            let [from, to] = self.ends[axis].map(f64::from);
            (from + (to - from) * step as f64 / (self.size[axis] - 1) as f64) as f32
        };
        [along(0, place % self.size[0]), along(1, place / self.size[0])]
    }

    /// Evaluates a loss at every point, in batches of at most `batch` points, and returns the surface.
    ///
    /// Where nothing may block, evaluate the batches yourself and make the surface with [`Surface::new`].
    ///
    /// # Errors
    /// The first error of `losses`; [`Error::ShapeMismatch`] where `losses` returns more or fewer losses than points.
    pub fn surface<E: From<Error>>(
        &self,
        batch: usize,
        mut losses: impl FnMut(&[[f32; 2]]) -> std::result::Result<Vec<f32>, E>,
    ) -> std::result::Result<Surface, E> {
        let mut values = Vec::with_capacity(self.points());
        let mut points = Vec::new();
        while values.len() < self.points() {
            let end = self.points().min(values.len().saturating_add(batch.max(1)));
            points.clear();
            points.extend((values.len()..end).map(|place| self.point(place)));
            let of_batch = losses(&points)?;
            if of_batch.len() != points.len() {
                return Err(mismatch("losses", format!("[{}]", points.len()), of_batch.len()).into());
            }
            values.extend(of_batch);
        }
        Ok(Surface { grid: self.clone(), values })
    }
}

/// A loss over a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    grid: Grid,
    values: Vec<f32>,
}

impl Surface {
    /// The surface with these losses, row by row.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] where there are more or fewer losses than points.
    pub fn new(grid: Grid, values: Vec<f32>) -> Result<Surface> {
        if values.len() == grid.points() {
            Ok(Surface { grid, values })
        } else {
            Err(mismatch("losses", format!("[{}]", grid.points()), values.len()))
        }
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The losses, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The loss in a column and a row.
    ///
    /// # Panics
    /// Outside the grid.
    pub fn at(&self, column: usize, row: usize) -> f32 {
        let [columns, rows] = self.grid.size;
        assert!(column < columns && row < rows, "({column}, {row}) lies outside {columns} x {rows} points");
        self.values[row * columns + column]
    }

    /// The point with the lowest loss, and that loss; `None` where every loss is NaN.
    pub fn lowest(&self) -> Option<([f32; 2], f32)> {
        let numbers = self.values.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let lowest = numbers.min_by(|(_, a), (_, b)| a.total_cmp(b));
        lowest.map(|(place, &value)| (self.grid.point(place), value))
    }
}

/// A plane of parameters: the point `(a, b)` is `centre + a·d₁ + b·d₂`, for two directions d₁ and d₂.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    centre: Vec<f32>,
    directions: [Vec<f32>; 2],
}

impl Plane {
    /// The plane along two given directions, for example from one solution to two others.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for a direction that is longer or shorter than the centre.
    pub fn new(centre: Vec<f32>, directions: [Vec<f32>; 2]) -> Result<Plane> {
        match directions.iter().find(|direction| direction.len() != centre.len()) {
            None => Ok(Plane { centre, directions }),
            Some(direction) => Err(mismatch("directions", format!("[{}]", centre.len()), direction.len())),
        }
    }

    /// The plane along two random directions, filter-normalised: the numbers are normally distributed, and each filter's
    /// numbers are scaled to the norm of the filter's parameters.
    ///
    /// A network computes the same when its weights are scaled up in one layer and down in the next. Plain random directions
    /// would show such a network flatter or sharper; filter-normalised directions show it the same. A filter holds the
    /// parameters of one output: a row of a matrix `[out, in]`, or a block `[in, kh, kw]` of a convolution. Parameters outside
    /// every filter, such as biases, keep their values. The same seed gives the same directions.
    ///
    /// Reference: Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for filters that overlap, are out of order, or end beyond the centre.
    pub fn random(centre: Vec<f32>, filters: &[Range<usize>], seed: u64) -> Result<Plane> {
        let mut end = 0;
        for (place, filter) in filters.iter().enumerate() {
            if filter.start < end || filter.end < filter.start || filter.end > centre.len() {
                return Err(Error::InvalidOption {
                    loss: "landscape",
                    option: format!("filters[{place}]"),
                    value: format!("{filter:?}"),
                    expected: format!("an ascending range within {end}..{}", centre.len()),
                });
            }
            end = filter.end;
        }
        let mut random = Random::new(seed);
        let directions = [(); 2].map(|()| {
            let mut direction = vec![0.0; centre.len()];
            for filter in filters {
                let numbers: Vec<f64> = filter.clone().map(|_| random.normal()).collect();
                let own = norm(centre[filter.clone()].iter().map(|&weight| f64::from(weight)));
                let scale = own / norm(numbers.iter().copied()).max(f64::MIN_POSITIVE);
                for (place, number) in filter.clone().zip(numbers) {
                    direction[place] = (scale * number) as f32;
                }
            }
            direction
        });
        Ok(Plane { centre, directions })
    }

    /// The parameters at `(0, 0)`.
    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// The two directions.
    pub fn directions(&self) -> &[Vec<f32>; 2] {
        &self.directions
    }

    /// The parameters at a point.
    pub fn at(&self, [a, b]: [f32; 2]) -> Vec<f32> {
        let [first, second] = &self.directions;
        self.centre
            .iter()
            .zip(first)
            .zip(second)
            .map(|((centre, first), second)| centre + a * first + b * second)
            .collect()
    }
}

fn norm(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}

fn mismatch(operand: &str, expected: String, got: usize) -> Error {
    Error::ShapeMismatch { loss: "landscape", operand: operand.into(), expected, got: vec![got] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_reach_the_ends_and_the_middle() {
        let grid = Grid::new([-6.0, 6.0], [0.0, 0.3], [61, 3]).unwrap();
        assert_eq!((grid.points(), grid.point(0), grid.point(60)), (183, [-6.0, 0.0], [6.0, 0.0]));
        assert_eq!((grid.point(30), grid.point(61), grid.point(182)), ([0.0, 0.0], [-6.0, 0.15], [6.0, 0.3]));
    }

    #[test]
    fn batches_cover_every_point_once() {
        let grid = Grid::new([0.0, 3.0], [0.0, 2.0], [4, 3]).unwrap();
        for (batch, lengths) in [(5, vec![5, 5, 2]), (12, vec![12]), (usize::MAX, vec![12]), (0, vec![1; 12])] {
            let mut seen = Vec::new();
            let surface = grid.surface(batch, |points| {
                seen.push(points.len());
                Ok::<_, Error>(points.iter().map(|[x, y]| 10.0 * y + x).collect())
            });
            let surface = surface.unwrap();
            assert_eq!((seen, surface.at(3, 2), surface.at(1, 0)), (lengths, 23.0, 1.0), "{batch}");
            assert_eq!(Surface::new(grid.clone(), surface.values().to_vec()), Ok(surface));
        }
    }

    #[test]
    fn the_lowest_is_a_number() {
        let grid = Grid::new([0.0, 1.0], [0.0, 1.0], [2, 2]).unwrap();
        let lowest = |values: [f32; 4]| Surface::new(grid.clone(), values.to_vec()).unwrap().lowest();
        assert_eq!(lowest([-f32::NAN, 2.0, 1.0, f32::INFINITY]), Some(([0.0, 1.0], 1.0)));
        assert_eq!(lowest([f32::NAN; 4]), None);
    }

    #[test]
    fn a_direction_has_the_norm_of_each_filter() {
        let centre: Vec<f32> = (0..100).map(|place| (place as f32 * 0.7).sin()).chain([0.0; 8]).collect();
        let filters = [0..40, 40..90, 95..100, 100..108];
        let plane = Plane::random(centre.clone(), &filters, 0).unwrap();
        for direction in plane.directions() {
            for filter in &filters {
                let of = |numbers: &[f32]| norm(numbers[filter.clone()].iter().map(|&x| f64::from(x)));
                // f32 rounds a norm by about 1e-7
                assert!((of(direction) - of(&centre)).abs() < 1e-6, "{filter:?}");
            }
            assert_eq!(direction[90..95], [0.0; 5], "what belongs to no filter stays");
            assert_eq!(direction[100..], [0.0; 8], "a filter of zeros stays");
        }
        let cosine: f32 = (0..40).map(|place| plane.directions()[0][place] * plane.directions()[1][place]).sum();
        assert!(cosine.abs() < 0.5 * norm(centre[..40].iter().map(|&x| f64::from(x))).powi(2) as f32);
        assert_eq!(Plane::random(centre.clone(), &filters, 0), Ok(plane.clone()));
        assert_ne!(Plane::random(centre.clone(), &filters, 1), Ok(plane.clone()));
        assert_eq!(plane.at([0.0, 0.0]), centre);
        let moved = plane.at([0.5, -2.0]);
        assert_eq!(moved[7], centre[7] + 0.5 * plane.directions()[0][7] - 2.0 * plane.directions()[1][7]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let unit = [0.0, 1.0];
        let grid = |x, size| Grid::new(x, unit, size).map(drop);
        let plane = |filters: &[Range<usize>]| Plane::random(vec![1.0; 10], filters, 0).map(drop);
        let small = Grid::new(unit, unit, [2, 2]).unwrap();
        let short = |_: &[[f32; 2]]| Ok::<_, Error>(vec![0.0; 3]);
        #[expect(clippy::reversed_empty_ranges, reason = "one of the ranges that are refused")]
        let backwards = 5..3;
        for (refused, kind, said) in [
            (grid([1.0, 1.0], [2, 2]), "invalid_option", "`x` is 1 to 1"),
            (grid([f32::NAN, 1.0], [2, 2]), "invalid_option", "`x`"),
            (grid([f32::MIN, f32::MAX], [2, 2]), "invalid_option", "`x`"),
            (grid(unit, [2, 1]), "invalid_option", "`size` is 2 x 1, expected at least 2 x 2"),
            (grid(unit, [1 << 13; 2]), "too_large", "67108864 needed, the limit is 16777216"),
            (grid(unit, [usize::MAX; 2]), "too_large", "points of a grid"),
            (small.surface(4, short).map(drop), "shape_mismatch", "`losses` has shape [3], expected [4]"),
            (Surface::new(small, vec![0.0]).map(drop), "shape_mismatch", "`losses` has shape [1], expected [4]"),
            (Plane::new(vec![0.0; 2], [vec![0.0; 2], vec![]]).map(drop), "shape_mismatch", "`directions`"),
            (plane(&[0..4, 3..6]), "invalid_option", "`filters[1]` is 3..6, expected an ascending range within 4..10"),
            (plane(&[0..4, 8..11]), "invalid_option", "`filters[1]` is 8..11"),
            (plane(&[backwards]), "invalid_option", "`filters[0]` is 5..3, expected an ascending range within 0..10"),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(said), "{error} does not say {said}");
        }
    }
}
