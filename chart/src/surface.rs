//! Draws a grid as a surface in a box, with its contours on the floor.

use crate::camera::Camera;
use crate::chart::{Frame, LEVELS, Mark};
use crate::colour::Colour;
use crate::contours;
use crate::grid::Heights;
use crate::labels::{self, Label, MARK};
use crate::mesh::Mesh;
use crate::picture::{Align, Picture};

/// The part of the picture for the box: left, top, right, bottom.
const BOX: [f64; 4] = [94.0, 104.0, 690.0, 612.0];
/// The box reaches from −1 to 1 along both coordinates, and from −`HALF` to `HALF` vertically.
const HALF: f64 = 0.68;
/// The distance of the lowest number from the floor, so that the contours can be seen.
const GAP: f64 = 0.45;
const PANE: Colour = Colour::hex(0xf3f4f7);

/// The position in the box of a point on the grid and a height, all given as shares from 0 to 1.
pub fn place([x, y]: [f64; 2], height: f64) -> [f64; 3] {
    [2.0 * x - 1.0, 2.0 * y - 1.0, -HALF + GAP + (2.0 * HALF - GAP) * height]
}

/// Draws the box and the surface with this many faces along each side. The eye's direction is in degrees around the vertical
/// axis, and above the floor.
pub fn draw(picture: &mut Picture, frame: &Frame<'_>, direction: [f64; 2], per_side: usize) {
    let scene = Scene { frame, camera: Camera::new(direction, BOX, HALF) };
    scene.panes(picture);
    scene.axes(picture);
    scene.contours(picture);
    let marks: Vec<_> = frame.marks().map(|(mark, at, height)| Seen::new(&scene, mark, at, height)).collect();
    for mark in &marks {
        picture.line(&[mark.foot, mark.head], 1.4, MARK);
        picture.disc(mark.foot, 3.0, MARK);
    }
    Mesh::new(&frame.heights, per_side).draw(picture, &scene.camera);
    for Seen { mark, foot, head, hidden } in &marks {
        if *hidden {
            picture.dashed(&[*foot, *head], 1.4, MARK);
        }
        mark.shape.draw(picture, *head, 8.0, *hidden);
    }
    let names: Vec<_> = marks.iter().map(|seen| Label { name: &seen.mark.name, at: seen.head }).collect();
    labels::write(picture, &names);
}

/// A marked point, with its positions on the picture.
struct Seen<'a> {
    mark: &'a Mark,
    /// The point on the floor.
    foot: [f64; 2],
    /// The point on the surface.
    head: [f64; 2],
    /// Whether the surface hides the point.
    hidden: bool,
}

impl<'a> Seen<'a> {
    fn new(scene: &Scene<'_>, mark: &'a Mark, at: [f64; 2], height: f64) -> Seen<'a> {
        let [x, y, _] = place(at, height);
        let head = place(at, height);
        let hidden = hidden(&scene.frame.heights, head, scene.camera.eye());
        Seen { mark, foot: scene.seen([x, y, -HALF]), head: scene.seen(head), hidden }
    }
}

/// Whether the surface crosses the line from a point on it to the eye.
fn hidden(heights: &Heights, head: [f64; 3], eye: [f64; 3]) -> bool {
    /// The number of steps across the box, which is greater than the number of faces along a side.
    const STEPS: usize = 600;
    let toward = [0, 1, 2].map(|axis| eye[axis] - head[axis]);
    let widest = toward[0].abs().max(toward[1].abs());
    if widest == 0.0 {
        return false;
    }
    // how high the line is above the surface, until it leaves the box
    let above = (1..).map_while(|step| {
        let at = [0, 1, 2].map(|axis| head[axis] + toward[axis] * 2.0 * step as f64 / (widest * STEPS as f64));
        let shares = [at[0], at[1]].map(|along| (along + 1.0) / 2.0);
        let inside = shares.iter().all(|share| (0.0..=1.0).contains(share));
        inside.then(|| at[2] - place(shares, heights.at(shares))[2])
    });
    // The line begins on the surface, so the first steps are skipped. If it changes sides after them, the surface crosses it.
    let sides: Vec<bool> = above.skip(STEPS / 100).filter(|above| above.is_finite()).map(|above| above > 0.0).collect();
    sides.windows(2).any(|pair| pair[0] != pair[1])
}

/// A frame, and the camera that projects it.
struct Scene<'a> {
    frame: &'a Frame<'a>,
    camera: Camera,
}

impl Scene<'_> {
    fn seen(&self, place: [f64; 3]) -> [f64; 2] {
        self.camera.project(place)
    }

    fn floor(&self, x: f64, y: f64) -> [f64; 2] {
        self.seen([x, y, -HALF])
    }

    /// The ticks of a coordinate: positions in the box, and labels.
    fn ticks(&self, axis: usize) -> Vec<(f64, String)> {
        self.frame.ticks(axis).into_iter().map(|(share, label)| (2.0 * share - 1.0, label)).collect()
    }

    fn contours(&self, picture: &mut Picture) {
        for (level, paths) in contours::contours(&self.frame.heights, LEVELS) {
            // darker, because the brightest colours can hardly be seen on the bright floor
            let shade = Colour::of_share(level).mix(Colour::INK, 0.14);
            for path in paths {
                let seen: Vec<_> = path.iter().map(|&[x, y]| self.floor(2.0 * x - 1.0, 2.0 * y - 1.0)).collect();
                picture.line(&seen, 1.2, shade);
            }
        }
    }

    /// Draws the floor and the two walls behind the surface, with lines at the ticks.
    fn panes(&self, picture: &mut Picture) {
        let [near_x, near_y] = self.camera.near();
        let panes = [
            [[-1.0, -1.0, -HALF], [1.0, -1.0, -HALF], [1.0, 1.0, -HALF], [-1.0, 1.0, -HALF]],
            [[-near_x, -1.0, -HALF], [-near_x, 1.0, -HALF], [-near_x, 1.0, HALF], [-near_x, -1.0, HALF]],
            [[-1.0, -near_y, -HALF], [1.0, -near_y, -HALF], [1.0, -near_y, HALF], [-1.0, -near_y, HALF]],
        ];
        for (pane, darker) in panes.into_iter().zip([0.0, 0.5, 0.25]) {
            picture.polygon(&pane.map(|place| self.seen(place)), PANE.mix(Colour::LINE, darker));
        }
        let mut rule = |places: [[f64; 3]; 3]| {
            picture.line(&places.map(|place| self.seen(place)), 0.9, Colour::LINE);
        };
        for (x, _) in self.ticks(0) {
            rule([[x, near_y, -HALF], [x, -near_y, -HALF], [x, -near_y, HALF]]);
        }
        for (y, _) in self.ticks(1) {
            rule([[near_x, y, -HALF], [-near_x, y, -HALF], [-near_x, y, HALF]]);
        }
        for (height, _) in self.frame.levels() {
            let z = place([0.0, 0.0], height)[2];
            rule([[-near_x, near_y, z], [-near_x, -near_y, z], [near_x, -near_y, z]]);
        }
    }

    /// Draws the three axes along the box's front and left edges, with labels.
    fn axes(&self, picture: &mut Picture) {
        let ink = Colour::INK;
        let [near_x, near_y] = self.camera.near();
        let away = |edge: f64, by: f64| edge * (1.0 + by);
        let [x_name, y_name, z_name] = &self.frame.chart.axes;
        picture.line(&[self.floor(-1.0, near_y), self.floor(1.0, near_y)], 1.4, ink);
        for (x, label) in self.ticks(0) {
            picture.line(&[self.floor(x, near_y), self.floor(x, away(near_y, 0.04))], 1.2, ink);
            picture.text(self.floor(x, away(near_y, 0.14)), &label, 16.0, ink, Align::Middle);
        }
        self.name(picture, self.floor(0.0, away(near_y, 0.3)), x_name);
        picture.line(&[self.floor(near_x, -1.0), self.floor(near_x, 1.0)], 1.4, ink);
        for (y, label) in self.ticks(1) {
            picture.line(&[self.floor(near_x, y), self.floor(away(near_x, 0.04), y)], 1.2, ink);
            picture.text(self.floor(away(near_x, 0.14), y), &label, 16.0, ink, Align::Middle);
        }
        self.name(picture, self.floor(away(near_x, 0.3), 0.0), y_name);

        // the vertical axis is at the leftmost edge
        let [x, y] = self.camera.left();
        let at = |z: f64| self.seen([x, y, z]);
        picture.line(&[at(-HALF), at(HALF)], 1.4, ink);
        for (height, label) in self.frame.levels() {
            let [left, top] = at(place([0.0, 0.0], height)[2]);
            picture.line(&[[left, top], [left - 6.0, top]], 1.2, ink);
            picture.text([left - 11.0, top], &label, 16.0, ink, Align::Right);
        }
        let [left, top] = at(HALF);
        picture.text([left - 8.0, top - 20.0], z_name, 19.0, ink, Align::Middle);
    }

    /// Writes the name of an axis, outside the box.
    fn name(&self, picture: &mut Picture, at: [f64; 2], name: &str) {
        let align = if at[0] < self.seen([0.0; 3])[0] { Align::Right } else { Align::Left };
        picture.text(at, name, 19.0, Colour::INK, align);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_behind_a_ridge_is_hidden() {
        // a ridge across the middle of x
        let height = |place: usize| 1.0 - (place % 41).abs_diff(20) as f64 / 20.0;
        let heights = Heights { size: [41, 41], values: (0..41 * 41).map(height).collect() };
        let camera = |above: f64| Camera::new([0.0, above], BOX, HALF);
        for (x, above, expected) in [(0.9, 20.0, false), (0.1, 20.0, true), (0.1, 89.0, false), (0.5, 20.0, false)] {
            let head = place([x, 0.5], heights.at([x, 0.5]));
            assert_eq!(hidden(&heights, head, camera(above).eye()), expected, "x {x}, {above} degrees");
        }
    }
}
