//! Draws the surface as small faces, from the farthest to the nearest.

use crate::camera::Camera;
use crate::colour::Colour;
use crate::grid::Heights;
use crate::picture::Picture;
use crate::surface::place;

/// Lines divide each side of the surface into this many equal parts.
const LINES: usize = 24;

/// The corners of the faces, with heights and slopes interpolated between the grid's points.
pub struct Mesh {
    /// The number of faces along each side, a multiple of `LINES`.
    per_side: usize,
    corners: Vec<Corner>,
}

#[derive(Clone, Copy)]
struct Corner {
    place: [f64; 3],
    normal: [f64; 3],
    height: f64,
}

impl Mesh {
    /// The surface with `per_side` faces along each side.
    pub fn new(heights: &Heights, per_side: usize) -> Mesh {
        let corner = |column: usize, row: usize| {
            let [x, y] = [column, row].map(|step| step as f64 / per_side as f64);
            let height = heights.at([x, y]);
            // slopes are taken over whole steps of a coarse grid, so that its cells do not show as facets
            let slope = |axis: usize| {
                let reach = 1.0 / per_side.min(heights.size[axis] - 1) as f64;
                let ends = [-reach, reach].map(|step| {
                    let mut at = [x, y];
                    at[axis] = (at[axis] + step).clamp(0.0, 1.0);
                    place(at, heights.at(at))
                });
                (ends[1][2] - ends[0][2]) / (ends[1][axis] - ends[0][axis])
            };
            Corner { place: place([x, y], height), normal: [-slope(0), -slope(1), 1.0], height }
        };
        let corners = (0..=per_side).flat_map(|row| (0..=per_side).map(move |column| corner(column, row))).collect();
        Mesh { per_side, corners }
    }

    fn corner(&self, column: usize, row: usize) -> Corner {
        self.corners[row * (self.per_side + 1) + column]
    }

    /// Draws the faces that have heights, and the lines between some of them.
    pub fn draw(&self, picture: &mut Picture, camera: &Camera) {
        let face = |column: usize, row: usize| {
            let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| self.corner(column + x, row + y));
            (mean(corners, |corner| camera.nearness(corner.place)), column, row, corners)
        };
        let faces = (0..self.per_side).flat_map(|row| (0..self.per_side).map(move |column| face(column, row)));
        let mut faces: Vec<_> = faces.filter(|(nearness, ..)| nearness.is_finite()).collect();
        faces.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, column, row, corners) in faces {
            let places = corners.map(|corner| camera.project(corner.place));
            let light = mean(corners, |corner| camera.light(corner.normal));
            let colour = Colour::of_share(mean(corners, |corner| corner.height));
            picture.polygon(&grown(places), lit(colour, light));
            self.lines(picture, camera, [column, row], places);
        }
    }

    /// Draws the lines on a face's far edges and on the rim. The neighbour beyond a far edge is already drawn, so that it can't
    /// cover the line.
    fn lines(&self, picture: &mut Picture, camera: &Camera, at: [usize; 2], [a, b, c, d]: [[f64; 2]; 4]) {
        let ink = Colour::hex(0x000000).opacity(0.22);
        for (axis, edges) in [[[a, d], [b, c]], [[a, b], [d, c]]].into_iter().enumerate() {
            let far = usize::from(camera.near()[axis] < 0.0);
            let on_line = (at[axis] + far).is_multiple_of(self.per_side / LINES);
            let rim = at[axis] + 1 - far == if far == 1 { 0 } else { self.per_side };
            for edge in [on_line.then_some(edges[far]), rim.then_some(edges[1 - far])].into_iter().flatten() {
                picture.line(&edge, 0.7, ink);
            }
        }
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
    colour.mix(Colour::hex(0x0a0c28), black).mix(Colour::WHITE, white)
}
