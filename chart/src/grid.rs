//! Numbers over a grid of two coordinates.

use crate::Error;

/// Numbers at evenly spaced points over two coordinates, row by row. The first coordinate runs along a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    pub(crate) ends: [[f64; 2]; 2],
    pub(crate) size: [usize; 2],
    pub(crate) numbers: Vec<f64>,
}

impl Grid {
    /// A grid from the first to the last value of each coordinate, with a number of columns and rows. Points whose number is
    /// not finite are left out of the drawing.
    ///
    /// # Errors
    /// [`Error::Ends`], [`Error::TooFewPoints`] and [`Error::Count`].
    pub fn new<T: Into<f64> + Copy>(ends: [[T; 2]; 2], size: [usize; 2], numbers: &[T]) -> Result<Grid, Error> {
        let ends = ends.map(|ends| ends.map(Into::into));
        // the width has to be finite as well, or the points between are not
        if let Some(ends) = ends.into_iter().find(|[from, to]| !(from < to && (to - from).is_finite())) {
            return Err(Error::Ends(ends));
        }
        if size.iter().any(|&count| count < 2) {
            return Err(Error::TooFewPoints(size));
        }
        if size[0].checked_mul(size[1]) != Some(numbers.len()) {
            return Err(Error::Count { points: size[0].saturating_mul(size[1]), numbers: numbers.len() });
        }
        Ok(Grid { ends, size, numbers: numbers.iter().map(|&number| number.into()).collect() })
    }
}

/// Heights over the grid, from 0 for the lowest number to 1 for the highest, and NaN where the number is not finite.
pub(crate) struct Heights {
    pub(crate) size: [usize; 2],
    pub(crate) values: Vec<f64>,
}

impl Heights {
    /// The height at a point, interpolated between the four grid points around it. Coordinates are shares of the grid's sides.
    pub(crate) fn at(&self, point: [f64; 2]) -> f64 {
        let [(left, x), (top, y)] = [0, 1].map(|axis| {
            let along = point[axis] * (self.size[axis] - 1) as f64;
            let cell = (along as usize).min(self.size[axis] - 2);
            (cell, along - cell as f64)
        });
        let value = |column: usize, row: usize| self.values[(top + row) * self.size[0] + left + column];
        let in_row = |row: usize| (1.0 - x) * value(0, row) + x * value(1, row);
        (1.0 - y) * in_row(0) + y * in_row(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_that_cannot_be_drawn_is_refused() {
        let unit = [0.0f32, 1.0];
        assert!(Grid::new([unit, unit], [2, 3], &[0.0; 6]).is_ok());
        for (ends, size, count, expected) in [
            ([unit, [1.0, 1.0]], [2, 2], 4, Error::Ends([1.0, 1.0])),
            ([[0.0, f32::INFINITY], unit], [2, 2], 4, Error::Ends([0.0, f64::INFINITY])),
            ([unit, unit], [1, 4], 4, Error::TooFewPoints([1, 4])),
            ([unit, unit], [2, 2], 5, Error::Count { points: 4, numbers: 5 }),
            ([unit, unit], [usize::MAX, 2], 4, Error::Count { points: usize::MAX, numbers: 4 }),
        ] {
            assert_eq!(Grid::new(ends, size, &vec![0.0; count]), Err(expected));
        }
    }

    #[test]
    fn heights_are_interpolated_between_points() {
        let heights = Heights { size: [2, 2], values: vec![0.0, 1.0, 2.0, 3.0] };
        for (point, height) in [([0.0, 0.0], 0.0), ([1.0, 1.0], 3.0), ([0.5, 0.0], 0.5), ([0.5, 0.5], 1.5)] {
            assert_eq!(heights.at(point), height);
        }
    }
}
