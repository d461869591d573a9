//! Draws a grid as a map: a coloured rectangle for each cell, with contours.

use crate::chart::{Frame, LEVELS};
use crate::colour::Colour;
use crate::contours;
use crate::labels::{self, Label};
use crate::picture::{Align, Picture};

/// The rectangle of the map on the picture: left, top, right, bottom.
const MAP: [f64; 4] = [94.0, 140.0, 690.0, 572.0];

/// Draws the map with this many cells along each side.
pub fn draw(picture: &mut Picture, frame: &Frame<'_>, cells: usize) {
    let [left, top, right, bottom] = MAP;
    // the second coordinate goes up
    let at = |[x, y]: [f64; 2]| [left + (right - left) * x, bottom - (bottom - top) * y];
    for (row, column) in (0..cells).flat_map(|row| (0..cells).map(move |column| (row, column))) {
        let share = |step: usize, by: f64| (step as f64 + by) / cells as f64;
        let height = frame.heights.at([share(column, 0.5), share(row, 0.5)]);
        if height.is_finite() {
            let (from, to) = (at([share(column, 0.0), share(row, 1.0)]), at([share(column, 1.0), share(row, 0.0)]));
            picture.rectangle(from, to, Colour::of_share(height));
        }
    }
    for (level, paths) in contours::contours(&frame.heights, LEVELS) {
        // a line has to be seen on dark and on bright colours
        let line = if level < 0.5 { Colour::WHITE } else { Colour::INK };
        for path in paths {
            let seen: Vec<_> = path.into_iter().map(at).collect();
            picture.line(&seen, 1.0, line.opacity(0.55));
        }
    }
    axes(picture, frame);
    let seen: Vec<_> = frame.marks().map(|(mark, place, _)| (mark, at(place))).collect();
    for (mark, at) in &seen {
        mark.shape.draw(picture, *at, 8.0, false);
    }
    let names: Vec<_> = seen.iter().map(|(mark, at)| Label { name: &mark.name, at: *at }).collect();
    labels::write(picture, &names);
}

/// Draws the edge of the map, with the ticks of both coordinates.
fn axes(picture: &mut Picture, frame: &Frame<'_>) {
    let [left, top, right, bottom] = MAP;
    picture.frame([left, top], [right, bottom], 1.2, Colour::INK);
    for (x, label) in frame.ticks(0) {
        let x = left + (right - left) * x;
        picture.line(&[[x, bottom], [x, bottom + 6.0]], 1.2, Colour::INK);
        picture.text([x, bottom + 18.0], &label, 16.0, Colour::INK, Align::Middle);
    }
    for (y, label) in frame.ticks(1) {
        let y = bottom - (bottom - top) * y;
        picture.line(&[[left - 6.0, y], [left, y]], 1.2, Colour::INK);
        picture.text([left - 11.0, y], &label, 16.0, Colour::INK, Align::Right);
    }
    let [across, up, _] = &frame.chart.axes;
    picture.text([(left + right) / 2.0, bottom + 46.0], across, 19.0, Colour::INK, Align::Middle);
    picture.text([left, top - 18.0], up, 19.0, Colour::INK, Align::Middle);
}
