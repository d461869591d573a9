//! Curves in a box with axes.

use crate::colour::Colour;
use crate::picture::{Align, Picture};
use crate::scale::number;

/// A curve of a plot.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Its points, from left to right.
    pub points: Vec<[f64; 2]>,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// A line.
    Solid,
    /// A dashed line, for something to compare with.
    Dashed,
    /// A line with a disc at each point, for points that are few.
    Points,
}

/// An axis of a plot. It ends at the first and the last tick.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The labelled values, at least two, in ascending order.
    pub ticks: Vec<f64>,
    /// Whether the axis is logarithmic. Its ticks are then greater than 0.
    pub logarithmic: bool,
}

impl Axis {
    /// A linear axis with labels at these values.
    pub fn linear(ticks: impl Into<Vec<f64>>) -> Axis {
        Axis { ticks: ticks.into(), logarithmic: false }
    }

    /// A logarithmic axis with labels at these values.
    pub fn logarithmic(ticks: impl Into<Vec<f64>>) -> Axis {
        Axis { ticks: ticks.into(), logarithmic: true }
    }

    /// The position of a value along the axis, from 0 to 1. A value outside the axis gets the position of the nearer end.
    fn share(&self, value: f64) -> f64 {
        let place = |value: f64| if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let end = |tick: Option<&f64>| place(tick.copied().unwrap_or(1.0));
        let (from, to) = (end(self.ticks.first()), end(self.ticks.last()));
        let share = (place(value) - from) / (to - from);
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Curves in a box, with a title and a legend above and labels to the left and below.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The text above it, which may be empty.
    pub title: String,
    /// The curves.
    pub curves: Vec<Curve>,
    /// The horizontal axis.
    pub across: Axis,
    /// The vertical axis.
    pub up: Axis,
}

const TITLE: f64 = 17.0;
const LABEL: f64 = 15.0;
/// The height of a line of the legend.
const LINE: f64 = 22.0;

impl Plot {
    pub(crate) fn draw(&self, picture: &mut Picture, [left, top]: [f64; 2], [right, bottom]: [f64; 2]) {
        picture.text([left, top + 10.0], &self.title, TITLE, Colour::INK, Align::Left);
        let mut legend = [left, top + if self.title.is_empty() { 10.0 } else { 34.0 }];
        for curve in &self.curves {
            let width = Picture::text_width(&curve.name, LABEL);
            if legend[0] > left && legend[0] + 28.0 + width > right {
                legend = [left, legend[1] + LINE];
            }
            let [x, y] = legend;
            curve.line(picture, &[[x, y], [x + 22.0, y]]);
            picture.text([x + 28.0, y], &curve.name, LABEL, Colour::INK, Align::Left);
            legend[0] = x + 46.0 + width;
        }

        let labels = |axis: &Axis| -> Vec<(f64, String)> {
            axis.ticks.iter().map(|&tick| (axis.share(tick), number(tick, 3))).collect()
        };
        let up = labels(&self.up);
        let widest = up.iter().map(|(_, label)| Picture::text_width(label, LABEL)).fold(0.0, f64::max);
        let (left, right) = (left + widest + 8.0, right - 12.0);
        let (top, bottom) = (legend[1] + 22.0, bottom - 26.0);
        let at = |x: f64, y: f64| [left + (right - left) * x, bottom - (bottom - top) * y];
        for (y, label) in &up {
            picture.line(&[at(0.0, *y), at(1.0, *y)], 0.9, Colour::LINE);
            picture.text([left - 8.0, at(0.0, *y)[1]], label, LABEL, Colour::INK, Align::Right);
        }
        for (x, label) in labels(&self.across) {
            picture.line(&[at(x, 0.0), at(x, 1.0)], 0.9, Colour::LINE);
            picture.text([at(x, 0.0)[0], bottom + 14.0], &label, LABEL, Colour::INK, Align::Middle);
        }
        picture.line(&[at(0.0, 1.0), at(0.0, 0.0), at(1.0, 0.0)], 1.2, Colour::INK);
        for curve in &self.curves {
            let finite = curve.points.iter().filter(|point| point.iter().all(|along| along.is_finite()));
            let seen: Vec<_> = finite.map(|&[x, y]| at(self.across.share(x), self.up.share(y))).collect();
            curve.line(picture, &seen);
        }
    }
}

impl Curve {
    fn line(&self, picture: &mut Picture, points: &[[f64; 2]]) {
        match self.stroke {
            Stroke::Solid => picture.line(points, 2.0, self.colour),
            Stroke::Dashed => picture.dashed(points, 2.0, self.colour),
            Stroke::Points => {
                picture.line(points, 2.0, self.colour);
                points.iter().for_each(|&point| picture.disc(point, 3.0, self.colour));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_place_on_an_axis() {
        let (linear, logarithmic) = (Axis::linear([0.0, 1.0, 4.0]), Axis::logarithmic([0.01, 1.0]));
        for (axis, value, share) in [
            (&linear, 1.0, 0.25),
            (&linear, 9.0, 1.0),
            (&linear, -1.0, 0.0),
            (&logarithmic, 0.1, 0.5),
            (&logarithmic, 0.0, 0.0),
            (&Axis::linear([]), 1.0, 0.0),
        ] {
            assert!((axis.share(value) - share).abs() < 1e-12, "{value}");
        }
    }
}
