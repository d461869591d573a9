//! Draws the surface as small faces, from the farthest to the nearest.

use super::camera::Camera;
use super::canvas::{Canvas, Colour, Drawn, blend, colour};
use super::{Heights, Scene};
use plotters::backend::DrawingBackend;
use plotters::style::{Color, RGBColor};

/// The number of lines on the surface along each coordinate.
const LINES: usize = 24;

/// The corners of the faces, with heights and slopes interpolated between the grid's points.
pub struct Mesh {
    /// The faces along a side, a multiple of `LINES`.
    cells: usize,
    corners: Vec<Corner>,
}

#[derive(Clone, Copy)]
struct Corner {
    place: [f64; 3],
    normal: [f64; 3],
    height: f64,
}

impl Mesh {
    /// The surface with `cells` faces along each side.
    pub fn new(heights: &Heights, cells: usize) -> Mesh {
        let corner = |column: usize, row: usize| {
            let [x, y] = [column, row].map(|step| step as f64 / cells as f64);
            let place = Scene::place([x, y], heights.at([x, y]));
            // slopes are between neighbours on the grid, so that the cells of a coarse grid do not show as facets
            let slope = |axis: usize| {
                let reach = 1.0 / cells.min(heights.size[axis] - 1) as f64;
                let ends = [-reach, reach].map(|step| {
                    let mut at = [x, y];
                    at[axis] = (at[axis] + step).clamp(0.0, 1.0);
                    Scene::place(at, heights.at(at))
                });
                (ends[1][2] - ends[0][2]) / (ends[1][axis] - ends[0][axis])
            };
            Corner { place, normal: [-slope(0), -slope(1), 1.0], height: heights.at([x, y]) }
        };
        let corners = (0..=cells).flat_map(|row| (0..=cells).map(move |column| corner(column, row))).collect();
        Mesh { cells, corners }
    }

    fn corner(&self, column: usize, row: usize) -> Corner {
        self.corners[row * (self.cells + 1) + column]
    }

    /// Draws the faces that have heights, and the lines between some of them.
    pub fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>, camera: &Camera) -> Drawn<B> {
        let face = |column: usize, row: usize| {
            let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| self.corner(column + x, row + y));
            (mean(corners, |corner| camera.nearness(corner.place)), column, row, corners)
        };
        let faces = (0..self.cells).flat_map(|row| (0..self.cells).map(move |column| face(column, row)));
        let mut faces: Vec<_> = faces.filter(|(nearness, ..)| nearness.is_finite()).collect();
        faces.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, column, row, corners) in faces {
            let places = corners.map(|corner| camera.project(corner.place));
            let light = mean(corners, |corner| camera.light(corner.normal));
            canvas.polygon(&grown(places), &lit(colour(mean(corners, |corner| corner.height)), light))?;
            self.lines(canvas, camera, [column, row], places)?;
        }
        Ok(())
    }

    /// Draws lines on a face's far edges, whose other side is already drawn, and on the rim.
    fn lines<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        camera: &Camera,
        at: [usize; 2],
        [a, b, c, d]: [[f64; 2]; 4],
    ) -> Drawn<B> {
        let ink = RGBColor(0, 0, 0).mix(0.22);
        for (axis, edges) in [[[a, d], [b, c]], [[a, b], [d, c]]].into_iter().enumerate() {
            let far = usize::from(camera.near()[axis] < 0.0);
            let on_line = (at[axis] + far).is_multiple_of(self.cells / LINES);
            let rim = at[axis] + 1 - far == if far == 1 { 0 } else { self.cells };
            for edge in [on_line.then_some(edges[far]), rim.then_some(edges[1 - far])].into_iter().flatten() {
                canvas.line(&edge, 0.7, &ink)?;
            }
        }
        Ok(())
    }
}

impl Heights {
    /// The height at a point, interpolated between the four grid points around it. Both are shares.
    fn at(&self, point: [f64; 2]) -> f64 {
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

fn mean(corners: [Corner; 4], of: impl Fn(Corner) -> f64) -> f64 {
    corners.map(of).iter().sum::<f64>() / 4.0
}

/// Enlarges a face a little, so that nothing shines through between faces. Each corner moves along both of its edges.
fn grown(places: [[f64; 2]; 4]) -> [[f64; 2]; 4] {
    [0, 1, 2, 3].map(|corner| {
        let [x, y] = places[corner];
        let mut grown = [x, y];
        for neighbour in [places[(corner + 1) % 4], places[(corner + 3) % 4]] {
            let [dx, dy] = [x - neighbour[0], y - neighbour[1]];
            let by = 0.35 / dx.hypot(dy).max(0.35);
            grown = [grown[0] + by * dx, grown[1] + by * dy];
        }
        grown
    })
}

/// Darkens a colour in shade, and brightens it in strong light.
fn lit(colour: Colour, light: f64) -> Colour {
    let black = 0.42 * (1.0 - light / 0.75).max(0.0);
    let white = 0.9 * (light - 0.75).max(0.0);
    blend(blend(colour, RGBColor(10, 12, 40), black), RGBColor(255, 255, 255), white)
}
