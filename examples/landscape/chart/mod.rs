//! Draws a landscape: the surface in a box with axes, its contours on the floor, a colour bar and marked points.
//!
//! `plotters` draws polygons, lines and text as PNG or SVG. The layout and the order of drawing are decided here. The
//! font is inside the program, so that the machine needs none.

mod camera;
mod canvas;
mod contours;
mod mesh;
mod scale;

use camera::Camera;
use canvas::{Align, Canvas, Colour, Drawn, blend, colour};
use mesh::Mesh;
use plotters::backend::DrawingBackend;
use plotters::style::RGBColor;
pub use scale::Scale;
use scale::number;
use std::error::Error;
use wgloss::landscape::Surface;

/// A landscape and its labels.
pub struct Chart {
    /// The text above the picture.
    pub title: String,
    /// The names of the two coordinates and of the loss.
    pub axes: [String; 3],
    /// The loss.
    pub surface: Surface,
    /// The scale of the vertical axis.
    pub scale: Scale,
    /// The marked points.
    pub marks: Vec<Mark>,
    /// The direction of the eye, in degrees: around the vertical axis, and above the floor.
    pub view: [f64; 2],
}

/// A marked point.
pub struct Mark {
    /// Its name in the legend.
    pub name: String,
    /// Its coordinates.
    pub at: [f32; 2],
    /// The loss there.
    pub value: f64,
    /// Its symbol.
    pub shape: Shape,
}

/// The symbol of a marked point.
#[derive(Clone, Copy)]
pub enum Shape {
    /// A disc.
    Disc,
    /// A star with five points.
    Star,
}

const WIDTH: u32 = 860;
const HEIGHT: u32 = 640;
/// The part of the picture for the box: left, top, right, bottom.
const VIEW: [f64; 4] = [94.0, 92.0, 690.0, 612.0];
/// The colour bar: left, top, width, height.
const BAR: [f64; 4] = [764.0, 176.0, 20.0, 320.0];

/// The box reaches from −1 to 1 along both coordinates, and from −`HALF` to `HALF` vertically.
const HALF: f64 = 0.68;
/// The distance of the lowest loss from the floor, so that the contours can be seen.
const GAP: f64 = 0.45;
/// The number of contours.
const LEVELS: usize = 14;

const INK: RGBColor = RGBColor(33, 37, 41);
const GREY: RGBColor = RGBColor(108, 117, 125);
const PANE: RGBColor = RGBColor(243, 244, 247);
const LINE: RGBColor = RGBColor(208, 212, 218);
/// A colour unlike all colours of the surface.
const MARK: RGBColor = RGBColor(229, 56, 59);

impl Chart {
    /// The picture as a PNG file.
    ///
    /// # Errors
    /// If no loss is finite.
    pub fn png(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let scene = Scene::new(self)?;
        canvas::png([WIDTH, HEIGHT], |canvas| scene.draw(canvas, &Mesh::new(&scene.heights, 240)))
    }

    /// The picture as an SVG file. Its surface is coarser, to keep the file small.
    ///
    /// # Errors
    /// As [`png`](Self::png).
    pub fn svg(&self) -> Result<String, Box<dyn Error>> {
        let scene = Scene::new(self)?;
        canvas::svg([WIDTH, HEIGHT], |canvas| scene.draw(canvas, &Mesh::new(&scene.heights, 96)))
    }
}

/// Heights over the grid, from 0 for the lowest loss to 1 for the highest, and NaN where the loss is not finite.
struct Heights {
    size: [usize; 2],
    values: Vec<f64>,
}

/// A chart, and what is computed before it is drawn.
struct Scene<'a> {
    chart: &'a Chart,
    camera: Camera,
    heights: Heights,
    /// The lowest and the highest finite loss, including the marked points.
    range: [f64; 2],
}

impl<'a> Scene<'a> {
    fn new(chart: &'a Chart) -> Result<Scene<'a>, Box<dyn Error>> {
        let mut finite = chart.surface.values().iter().map(|&value| f64::from(value)).filter(|value| value.is_finite());
        let first = finite.next().ok_or("no loss of the landscape is a finite number")?;
        let marked = chart.marks.iter().map(|mark| mark.value).filter(|value| value.is_finite());
        let range = finite.chain(marked).fold([first; 2], |[low, high], value| [low.min(value), high.max(value)]);
        let camera = Camera::new(chart.view, VIEW, HALF);
        let size = chart.surface.grid().size();
        let mut scene = Scene { chart, camera, heights: Heights { size, values: Vec::new() }, range };
        scene.heights.values = chart.surface.values().iter().map(|&value| scene.share(value.into())).collect();
        Ok(scene)
    }

    /// The height of a loss between the lowest and the highest, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let [low, high] = self.range.map(|end| self.chart.scale.apply(end));
        let share = (self.chart.scale.apply(value) - low) / (high - low).max(f64::MIN_POSITIVE);
        if share.is_finite() { share.clamp(0.0, 1.0) } else { f64::NAN }
    }

    /// The position in the box of a point and a height, which are shares.
    fn place([x, y]: [f64; 2], height: f64) -> [f64; 3] {
        [2.0 * x - 1.0, 2.0 * y - 1.0, -HALF + GAP + (2.0 * HALF - GAP) * height]
    }

    /// The position of a coordinate along its axis, from −1 to 1.
    fn along(&self, axis: usize, value: f64) -> f64 {
        let [from, to] = self.chart.surface.grid().ends()[axis].map(f64::from);
        2.0 * (value - from) / (to - from) - 1.0
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>, mesh: &Mesh) -> Drawn<B> {
        self.panes(canvas)?;
        self.axes(canvas)?;
        for (level, paths) in contours::contours(&self.heights, LEVELS) {
            // darker, because the brightest colours can hardly be seen on the bright floor
            let shade = blend(colour(level), INK, 0.14);
            for path in paths {
                let seen: Vec<_> = path.iter().map(|&[x, y]| self.floor(2.0 * x - 1.0, 2.0 * y - 1.0)).collect();
                canvas.line(&seen, 1.2, &shade)?;
            }
        }
        let marks: Vec<_> = self.chart.marks.iter().map(|mark| (mark, self.stem(mark))).collect();
        for (_, stem) in &marks {
            canvas.line(stem, 1.4, &MARK)?;
            canvas.disc(stem[0], 3.0, &MARK)?;
        }
        mesh.draw(canvas, &self.camera)?;
        for (mark, [_, head]) in &marks {
            mark.shape.draw(canvas, *head, 8.0)?;
        }
        self.legend(canvas)?;
        self.bar(canvas)
    }

    fn seen(&self, place: [f64; 3]) -> [f64; 2] {
        self.camera.project(place)
    }

    fn floor(&self, x: f64, y: f64) -> [f64; 2] {
        self.seen([x, y, -HALF])
    }

    /// Draws the floor and the two walls behind the surface, with lines at the ticks.
    fn panes<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Drawn<B> {
        let [near_x, near_y] = self.camera.near();
        let panes = [
            [[-1.0, -1.0, -HALF], [1.0, -1.0, -HALF], [1.0, 1.0, -HALF], [-1.0, 1.0, -HALF]],
            [[-near_x, -1.0, -HALF], [-near_x, 1.0, -HALF], [-near_x, 1.0, HALF], [-near_x, -1.0, HALF]],
            [[-1.0, -near_y, -HALF], [1.0, -near_y, -HALF], [1.0, -near_y, HALF], [-1.0, -near_y, HALF]],
        ];
        for (pane, darker) in panes.into_iter().zip([0.0, 0.5, 0.25]) {
            canvas.polygon(&pane.map(|place| self.seen(place)), &blend(PANE, LINE, darker))?;
        }
        let rule = |places: [[f64; 3]; 3]| canvas.line(&places.map(|place| self.seen(place)), 0.9, &LINE);
        for (x, _) in self.ticks(0) {
            rule([[x, near_y, -HALF], [x, -near_y, -HALF], [x, -near_y, HALF]])?;
        }
        for (y, _) in self.ticks(1) {
            rule([[near_x, y, -HALF], [-near_x, y, -HALF], [-near_x, y, HALF]])?;
        }
        for (height, _) in self.levels() {
            let z = Scene::place([0.0, 0.0], height)[2];
            rule([[-near_x, near_y, z], [-near_x, -near_y, z], [near_x, -near_y, z]])?;
        }
        Ok(())
    }

    /// The ticks of a coordinate: positions in the box, and labels.
    fn ticks(&self, axis: usize) -> Vec<(f64, String)> {
        let ends = self.chart.surface.grid().ends()[axis].map(f64::from);
        let ticks = Scale::Linear.ticks(ends).into_iter();
        ticks.map(|(value, label)| (self.along(axis, value), label)).collect()
    }

    /// The ticks of the loss: heights, and labels.
    fn levels(&self) -> Vec<(f64, String)> {
        let ticks = self.chart.scale.ticks(self.range).into_iter();
        ticks.map(|(value, label)| (self.share(value), label)).collect()
    }

    /// Draws the three axes along the box's front and left edges, with labels.
    fn axes<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Drawn<B> {
        let [near_x, near_y] = self.camera.near();
        let away = |edge: f64, by: f64| edge * (1.0 + by);
        let [x_name, y_name, z_name] = &self.chart.axes;
        canvas.line(&[self.floor(-1.0, near_y), self.floor(1.0, near_y)], 1.4, &INK)?;
        for (x, label) in self.ticks(0) {
            canvas.line(&[self.floor(x, near_y), self.floor(x, away(near_y, 0.04))], 1.2, &INK)?;
            canvas.text(self.floor(x, away(near_y, 0.14)), &label, 16.0, &INK, Align::Middle)?;
        }
        self.name(canvas, self.floor(0.0, away(near_y, 0.3)), x_name)?;
        canvas.line(&[self.floor(near_x, -1.0), self.floor(near_x, 1.0)], 1.4, &INK)?;
        for (y, label) in self.ticks(1) {
            canvas.line(&[self.floor(near_x, y), self.floor(away(near_x, 0.04), y)], 1.2, &INK)?;
            canvas.text(self.floor(away(near_x, 0.14), y), &label, 16.0, &INK, Align::Middle)?;
        }
        self.name(canvas, self.floor(away(near_x, 0.3), 0.0), y_name)?;

        // the vertical axis is at the leftmost edge
        let [x, y] = self.camera.left();
        let at = |z: f64| self.seen([x, y, z]);
        canvas.line(&[at(-HALF), at(HALF)], 1.4, &INK)?;
        for (height, label) in self.levels() {
            let [left, top] = at(Scene::place([0.0, 0.0], height)[2]);
            canvas.line(&[[left, top], [left - 6.0, top]], 1.2, &INK)?;
            canvas.text([left - 11.0, top], &label, 16.0, &INK, Align::Right)?;
        }
        let [left, top] = at(HALF);
        canvas.text([left - 8.0, top - 20.0], z_name, 19.0, &INK, Align::Middle)
    }

    /// Writes the name of an axis, outside the box.
    fn name<B: DrawingBackend>(&self, canvas: &Canvas<B>, at: [f64; 2], name: &str) -> Drawn<B> {
        let align = if at[0] < self.seen([0.0; 3])[0] { Align::Right } else { Align::Left };
        canvas.text(at, name, 19.0, &INK, align)
    }

    /// The line from a marked point on the floor to the point on the surface.
    fn stem(&self, mark: &Mark) -> [[f64; 2]; 2] {
        let [x, y] = [0, 1].map(|axis| self.along(axis, mark.at[axis].into()));
        let head = Scene::place([x, y].map(|along| (along + 1.0) / 2.0), self.share(mark.value));
        [self.floor(x, y), self.seen(head)]
    }

    fn legend<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Drawn<B> {
        canvas.text([30.0, 30.0], &self.chart.title, 25.0, &INK, Align::Left)?;
        for (mark, line) in self.chart.marks.iter().zip(0..) {
            let top = 64.0 + 25.0 * f64::from(line);
            let [x, y] = mark.at.map(|along| number(along.into(), 3));
            mark.shape.draw(canvas, [39.0, top], 7.0)?;
            let text = format!("{} ({x}, {y}): {} {}", mark.name, self.chart.axes[2], number(mark.value, 3));
            canvas.text([56.0, top], &text, 16.0, &INK, Align::Left)?;
        }
        Ok(())
    }

    /// Draws the colour bar.
    fn bar<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Drawn<B> {
        const STEPS: usize = 110;
        let [left, top, width, height] = BAR;
        let across = |share: f64| top + height * (1.0 - share);
        // each rectangle reaches to the bottom of the bar, so that nothing shines through between two of them
        for step in (0..STEPS).rev() {
            let share = |steps: f64| (step as f64 + steps) / STEPS as f64;
            canvas.rectangle([left, across(share(1.0))], [left + width, across(0.0)], &colour(share(0.5)))?;
        }
        for (share, label) in self.levels() {
            canvas.line(&[[left + width, across(share)], [left + width + 5.0, across(share)]], 1.2, &INK)?;
            canvas.text([left + width + 10.0, across(share)], &label, 16.0, &INK, Align::Left)?;
        }
        canvas.text([left - 2.0, top - 24.0], &self.chart.axes[2], 19.0, &INK, Align::Left)?;
        match self.chart.scale {
            Scale::Linear => Ok(()),
            Scale::Logarithmic => {
                canvas.text([left - 2.0, top + height + 22.0], "log(1 + loss)", 14.0, &GREY, Align::Left)
            }
        }
    }
}

impl Shape {
    fn draw<B: DrawingBackend>(self, canvas: &Canvas<B>, at: [f64; 2], radius: f64) -> Drawn<B> {
        const WHITE: Colour = RGBColor(255, 255, 255);
        match self {
            Shape::Disc => {
                canvas.disc(at, radius, &WHITE)?;
                canvas.disc(at, radius - 2.0, &MARK)
            }
            Shape::Star => {
                let star = |radius: f64| {
                    let point = |k: usize| {
                        let angle = std::f64::consts::TAU * (k as f64 / 10.0 - 0.25);
                        let radius = if k.is_multiple_of(2) { radius } else { 0.45 * radius };
                        [at[0] + radius * angle.cos(), at[1] + radius * angle.sin()]
                    };
                    (0..10).map(point).collect::<Vec<_>>()
                };
                canvas.polygon(&star(1.75 * radius), &WHITE)?;
                canvas.polygon(&star(1.2 * radius), &MARK)
            }
        }
    }
}
