//! Charts of a grid: the title, the legend and the colour bar, which surfaces and maps share.

use crate::colour::Colour;
use crate::error::Error;
use crate::grid::{Grid, Heights};
use crate::picture::{Align, Picture};
use crate::scale::{Scale, number};
use crate::{map, surface};

/// A picture of a grid, with axes, a colour bar and marked points.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The text above the picture.
    pub title: String,
    /// The names of the two coordinates and of the numbers.
    pub axes: [String; 3],
    /// The numbers.
    pub grid: Grid,
    /// The scale of the numbers.
    pub scale: Scale,
    /// The marked points.
    pub marks: Vec<Mark>,
    /// How the grid is shown.
    pub view: View,
}

/// How a grid is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View {
    /// As a surface in a box, with its contours on the floor. A mark behind the surface is hollow, with a dashed stem.
    Surface {
        /// The direction of the eye around the vertical axis, in degrees.
        around: f64,
        /// The direction of the eye above the floor, in degrees.
        above: f64,
    },
    /// As a map from above: colours, with contours.
    Map,
}

/// A marked point. A point outside the grid, or with a value that is not finite, appears only in the legend.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Its name, written beside it and in the legend.
    pub name: String,
    /// Its coordinates.
    pub at: [f32; 2],
    /// The number at this point.
    pub value: f64,
    /// Its symbol.
    pub shape: Shape,
}

/// The symbol of a marked point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A disc.
    Disc,
    /// A star with five points.
    Star,
}

const WIDTH: u32 = 860;
const HEIGHT: u32 = 640;
/// The colour bar: left, top, width, height.
const BAR: [f64; 4] = [764.0, 176.0, 20.0, 320.0];
/// The number of contours.
pub const LEVELS: usize = 14;
/// How many faces of a surface, or cells of a map, lie along each side. An SVG file has fewer, so that it stays small.
const PER_SIDE_PNG: usize = 240;
const PER_SIDE_SVG: usize = 96;

impl Chart {
    /// The picture as a PNG file.
    ///
    /// # Errors
    /// [`Error::NothingFinite`] where no number of the grid is finite; [`Error::Drawing`] where the file cannot be made.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        self.picture(PER_SIDE_PNG)?.png()
    }

    /// The picture as an SVG file. It is coarser, to keep the file small.
    ///
    /// # Errors
    /// As [`png`](Self::png).
    pub fn svg(&self) -> Result<String, Error> {
        self.picture(PER_SIDE_SVG)?.svg()
    }

    /// The picture, with this many faces of the surface, or cells of the map, along each side.
    fn picture(&self, per_side: usize) -> Result<Picture, Error> {
        let frame = Frame::new(self)?;
        let mut picture = Picture::new(WIDTH, HEIGHT);
        match self.view {
            View::Surface { around, above } => surface::draw(&mut picture, &frame, [around, above], per_side),
            View::Map => map::draw(&mut picture, &frame, per_side),
        }
        frame.legend(&mut picture);
        frame.bar(&mut picture);
        Ok(picture)
    }
}

/// A chart, with the heights and the range of its numbers.
pub struct Frame<'a> {
    pub chart: &'a Chart,
    pub heights: Heights,
    /// The lowest and the highest finite number, including those of the marked points.
    range: [f64; 2],
}

impl<'a> Frame<'a> {
    fn new(chart: &'a Chart) -> Result<Frame<'a>, Error> {
        let mut finite = chart.grid.numbers.iter().copied().filter(|value| value.is_finite());
        let first = finite.next().ok_or(Error::NothingFinite)?;
        let marked = chart.marks.iter().map(|mark| mark.value).filter(|value| value.is_finite());
        let range = finite.chain(marked).fold([first; 2], |[low, high], value| [low.min(value), high.max(value)]);
        let mut frame = Frame { chart, heights: Heights { size: chart.grid.size, values: Vec::new() }, range };
        frame.heights.values = chart.grid.numbers.iter().map(|&value| frame.share(value)).collect();
        Ok(frame)
    }

    /// The height of a number: 0 for the lowest number, 1 for the highest, and NaN if it is not finite.
    pub fn share(&self, value: f64) -> f64 {
        let [low, high] = self.range.map(|end| self.chart.scale.apply(end));
        let share = (self.chart.scale.apply(value) - low) / (high - low).max(f64::MIN_POSITIVE);
        if share.is_finite() { share.clamp(0.0, 1.0) } else { f64::NAN }
    }

    /// The position of a coordinate along its axis, from 0 to 1.
    pub fn along(&self, axis: usize, value: f64) -> f64 {
        let [from, to] = self.chart.grid.ends[axis];
        (value - from) / (to - from)
    }

    /// The marked points inside the grid whose value is finite, each with its position as shares of the grid's sides, and its
    /// height.
    pub fn marks(&self) -> impl Iterator<Item = (&'a Mark, [f64; 2], f64)> {
        self.chart.marks.iter().filter_map(|mark| {
            let at = [0, 1].map(|axis| self.along(axis, mark.at[axis].into()));
            let height = self.share(mark.value);
            let inside = at.iter().all(|along| (0.0..=1.0).contains(along)) && height.is_finite();
            inside.then_some((mark, at, height))
        })
    }

    /// The ticks of a coordinate: positions along the axis, and labels.
    pub fn ticks(&self, axis: usize) -> Vec<(f64, String)> {
        let ticks = Scale::Linear.ticks(self.chart.grid.ends[axis]).into_iter();
        ticks.map(|(value, label)| (self.along(axis, value), label)).collect()
    }

    /// The ticks of the numbers: heights, and labels.
    pub fn levels(&self) -> Vec<(f64, String)> {
        let ticks = self.chart.scale.ticks(self.range).into_iter();
        ticks.map(|(value, label)| (self.share(value), label)).collect()
    }

    fn legend(&self, picture: &mut Picture) {
        picture.text([30.0, 30.0], &self.chart.title, 25.0, Colour::INK, Align::Left);
        // two lines fit above the drawing; more marks go into further columns to the right
        let mut left = 30.0;
        for column in self.chart.marks.chunks(2) {
            let mut widest: f64 = 0.0;
            for (mark, top) in column.iter().zip([64.0, 89.0]) {
                let [x, y] = mark.at.map(|along| number(along.into(), 3));
                mark.shape.draw(picture, [left + 9.0, top], 7.0, false);
                let text = format!("{} ({x}, {y}): {} {}", mark.name, self.chart.axes[2], number(mark.value, 3));
                picture.text([left + 26.0, top], &text, 16.0, Colour::INK, Align::Left);
                widest = widest.max(Picture::text_width(&text, 16.0));
            }
            left += widest + 60.0;
        }
    }

    /// Draws the colour bar.
    fn bar(&self, picture: &mut Picture) {
        const STEPS: usize = 110;
        let [left, top, width, height] = BAR;
        let across = |share: f64| top + height * (1.0 - share);
        // each rectangle reaches to the bottom of the bar, so that nothing shines through between two of them
        for step in (0..STEPS).rev() {
            let share = |steps: f64| (step as f64 + steps) / STEPS as f64;
            let from = [left, across(share(1.0))];
            picture.rectangle(from, [left + width, across(0.0)], Colour::of_share(share(0.5)));
        }
        for (share, label) in self.levels() {
            picture.line(&[[left + width, across(share)], [left + width + 5.0, across(share)]], 1.2, Colour::INK);
            picture.text([left + width + 10.0, across(share)], &label, 16.0, Colour::INK, Align::Left);
        }
        let name = &self.chart.axes[2];
        picture.text([left - 2.0, top - 24.0], name, 19.0, Colour::INK, Align::Left);
        if self.chart.scale == Scale::Logarithmic {
            let note = format!("log(1 + {name})");
            picture.text([left - 2.0, top + height + 22.0], &note, 14.0, Colour::GREY, Align::Left);
        }
    }
}
