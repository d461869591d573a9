//! Marked points: their symbols, and their names beside them.

use crate::chart::Shape;
use crate::colour::Colour;
use crate::picture::{Align, Picture};

/// A colour unlike all colours of the colour map.
pub const MARK: Colour = Colour::hex(0xe5383b);
const HEIGHT: f64 = 16.0;
/// The distance of a name from the middle of its symbol, if the name is to the right or left.
const AWAY: f64 = 15.0;

/// A rectangle of the picture: left, top, right, bottom.
type Area = [f64; 4];

/// The name of a marked point, and the point's position on the picture.
pub struct Label<'a> {
    pub name: &'a str,
    pub at: [f64; 2],
}

/// Writes each name on the first side of its point (right, left, above, below) where it fits in the picture and covers no symbol
/// and no earlier name. If no side is free, the name is written to the right.
pub fn write(picture: &mut Picture, labels: &[Label<'_>]) {
    let symbols = labels.iter().map(|label| around(label.at));
    let mut taken: Vec<Area> = symbols.collect();
    let [width, height] = picture.size.map(f64::from);
    for label in labels {
        let wide = Picture::text_width(label.name, HEIGHT);
        let [x, y] = label.at;
        let beside =
            [[x + AWAY, y], [x - AWAY - wide, y], [x - wide / 2.0, y - AWAY - 6.0], [x - wide / 2.0, y + AWAY + 6.0]];
        let area = |[left, middle]: [f64; 2]| [left, middle - HEIGHT / 2.0, left + wide, middle + HEIGHT / 2.0];
        let is_free = |place: &[f64; 2]| {
            let [left, top, right, bottom] = area(*place);
            let inside = left >= 0.0 && top >= 0.0 && right <= width && bottom <= height;
            inside && !taken.iter().any(|other| overlap(area(*place), *other))
        };
        let place = beside.iter().find(|place| is_free(place)).unwrap_or(&beside[0]);
        taken.push(area(*place));
        // a nearly opaque white background, so that the name can be read on every colour
        let [left, top, right, bottom] = area(*place);
        picture.rectangle([left - 3.0, top - 1.0], [right + 3.0, bottom + 1.0], Colour::WHITE.opacity(0.8));
        picture.text(*place, label.name, HEIGHT, Colour::INK, Align::Left);
    }
}

fn around([x, y]: [f64; 2]) -> Area {
    [x - 10.0, y - 10.0, x + 10.0, y + 10.0]
}

fn overlap(a: Area, b: Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

impl Shape {
    /// Draws the symbol: filled, or hollow for a point that lies behind the surface.
    pub(crate) fn draw(self, picture: &mut Picture, at: [f64; 2], radius: f64, hidden: bool) {
        let mut rings = match hidden {
            false => vec![(1.0, Colour::WHITE), (0.72, MARK)],
            true => vec![(1.0, MARK), (0.72, Colour::WHITE)],
        };
        match self {
            Shape::Disc => {
                for (share, colour) in rings {
                    picture.disc(at, share * radius, colour);
                }
            }
            Shape::Star => {
                // the points of a star are thin: the ring around it has to be wider
                rings[0].0 = 1.05;
                for (share, colour) in rings {
                    let point = |k: usize| {
                        let (sin, cos) = (std::f64::consts::TAU * (k as f64 / 10.0 - 0.25)).sin_cos();
                        let radius = 1.65 * share * radius * if k.is_multiple_of(2) { 1.0 } else { 0.45 };
                        [at[0] + radius * cos, at[1] + radius * sin]
                    };
                    picture.polygon(&(0..10).map(point).collect::<Vec<_>>(), colour);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_cover_each_other() {
        let mut picture = Picture::new(300, 100);
        // the second point lies where the first name would be, the third at the right edge
        let at = |x: f64| [x, 50.0];
        let labels = [("first", at(100.0)), ("second", at(125.0)), ("third", at(290.0))];
        write(&mut picture, &labels.map(|(name, at)| Label { name, at }));
        let written = |shape: &crate::picture::Shape| match shape {
            crate::picture::Shape::Text(at, name, _, colour, _) if *colour == Colour::INK => Some((name.clone(), *at)),
            _ => None,
        };
        let written: Vec<(String, [f64; 2])> = picture.shapes.iter().filter_map(written).collect();
        let areas: Vec<Area> = written
            .iter()
            .map(|(name, [x, y])| [*x, y - 8.0, x + Picture::text_width(name, HEIGHT), y + 8.0])
            .collect();
        assert_eq!(areas.len(), 3);
        for (k, area) in areas.iter().enumerate() {
            assert!(area[0] >= 0.0 && area[2] <= 300.0, "{area:?}");
            assert!(!areas[..k].iter().any(|other| overlap(*area, *other)), "{written:?}");
            assert!(!labels.iter().any(|(_, at)| overlap(*area, around(*at))), "{written:?}");
        }
    }
}
