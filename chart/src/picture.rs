//! A picture as a list of shapes, which are drawn when the file is made.

use crate::colour::Colour;
use crate::error::{Error, MOST_PIXELS};
use crate::plot::Plot;
use crate::render;

/// Which part of a text lies at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Its left end.
    Left,
    /// Its middle.
    Middle,
    /// Its right end.
    Right,
}

/// One shape. Coordinates are in pixels from the upper left corner.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Polygon(Vec<[f64; 2]>, Colour),
    Rectangle([[f64; 2]; 2], Colour),
    Line(Vec<[f64; 2]>, f64, Colour),
    Disc([f64; 2], f64, Colour),
    Text([f64; 2], String, f64, Colour, Align),
}

/// A picture that is composed shape by shape. Later shapes cover earlier ones. Coordinates are in pixels from the upper left
/// corner, and need not be whole.
///
/// ```
/// use wgloss_chart::{Align, Colour, Picture};
///
/// let mut picture = Picture::new(200, 60);
/// picture.disc([30.0, 30.0], 12.0, Colour::hex(0x1f77b4));
/// picture.text([50.0, 30.0], "a disc", 16.0, Colour::INK, Align::Left);
/// assert!(picture.svg()?.contains("a disc"));
/// # Ok::<(), wgloss_chart::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    pub(crate) size: [u32; 2],
    pub(crate) shapes: Vec<Shape>,
}

impl Picture {
    /// An empty white picture of this size in pixels, at most 16,384 along each side.
    pub fn new(width: u32, height: u32) -> Picture {
        Picture { size: [width, height], shapes: Vec::new() }
    }

    /// Fills a polygon.
    pub fn polygon(&mut self, corners: &[[f64; 2]], colour: Colour) {
        self.shapes.push(Shape::Polygon(corners.to_vec(), colour));
    }

    /// Fills a rectangle between two opposite corners.
    pub fn rectangle(&mut self, from: [f64; 2], to: [f64; 2], colour: Colour) {
        self.shapes.push(Shape::Rectangle([from, to], colour));
    }

    /// Draws the edge of a rectangle between two opposite corners.
    pub fn frame(&mut self, [left, top]: [f64; 2], [right, bottom]: [f64; 2], width: f64, colour: Colour) {
        self.line(&[[left, top], [right, top], [right, bottom], [left, bottom], [left, top]], width, colour);
    }

    /// Draws a line through points.
    pub fn line(&mut self, points: &[[f64; 2]], width: f64, colour: Colour) {
        self.shapes.push(Shape::Line(points.to_vec(), width, colour));
    }

    /// Draws a dashed line through points. Between two points that are more than 100,000 pixels apart, it has no gaps.
    pub fn dashed(&mut self, points: &[[f64; 2]], width: f64, colour: Colour) {
        const DASH: f64 = 5.0;
        // longer than any picture, and short enough for its dashes to be counted
        const LONGEST: f64 = 1e5;
        // the dashes go on around corners
        let (mut is_dash, mut left, mut dash) = (true, DASH, vec![]);
        for pair in points.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            if length > LONGEST {
                self.line(&std::mem::take(&mut dash), width, colour);
                self.line(pair, width, colour);
                (is_dash, left) = (true, DASH);
                continue;
            }
            let at = |gone: f64| [0, 1].map(|axis| from[axis] + gone / length * (to[axis] - from[axis]));
            let mut gone = 0.0;
            while length - gone >= left {
                if is_dash {
                    dash.extend([at(gone), at(gone + left)]);
                    self.line(&std::mem::take(&mut dash), width, colour);
                }
                gone += left;
                (is_dash, left) = (!is_dash, DASH);
            }
            if is_dash && gone < length {
                dash.extend([at(gone), to]);
            }
            left -= length - gone;
        }
        self.line(&dash, width, colour);
    }

    /// Fills a circle.
    pub fn disc(&mut self, at: [f64; 2], radius: f64, colour: Colour) {
        self.shapes.push(Shape::Disc(at, radius, colour));
    }

    /// Writes a line of text of this height in pixels, vertically centred at `at`.
    pub fn text(&mut self, at: [f64; 2], text: &str, height: f64, colour: Colour, align: Align) {
        self.shapes.push(Shape::Text(at, text.into(), height, colour, align));
    }

    /// The width in pixels of a line of text of this height.
    pub fn text_width(text: &str, height: f64) -> f64 {
        render::text_width(text, height)
    }

    /// Draws an image from its upper left corner on, each of its pixels as a square with this side. `colour` returns the colour
    /// of the pixel in a column and a row. A photograph makes an SVG file large.
    pub fn image(
        &mut self,
        [left, top]: [f64; 2],
        [columns, rows]: [usize; 2],
        side: f64,
        colour: impl Fn(usize, usize) -> Colour,
    ) {
        for row in 0..rows {
            let mut column = 0;
            while column < columns {
                // equal neighbours are one rectangle
                let (first, shade) = (column, colour(column, row));
                // a colour of an unknown opacity differs even from itself
                column += 1;
                while column < columns && colour(column, row) == shade {
                    column += 1;
                }
                let corner = |column: usize, row: usize| [left + side * column as f64, top + side * row as f64];
                self.rectangle(corner(first, row), corner(column, row + 1), shade);
            }
        }
    }

    /// Draws a plot into the rectangle between two corners.
    pub fn plot(&mut self, from: [f64; 2], to: [f64; 2], plot: &Plot) {
        plot.draw(self, from, to);
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// [`Error::Size`] for a picture that is empty or too large; [`Error::Drawing`] where the file cannot be made.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        render::png(self.checked()?)
    }

    /// The picture as an SVG file.
    ///
    /// # Errors
    /// As [`png`](Self::png).
    pub fn svg(&self) -> Result<String, Error> {
        render::svg(self.checked()?)
    }

    /// The picture, if its size can be drawn.
    fn checked(&self) -> Result<&Picture, Error> {
        let fits = self.size.iter().all(|side| (1..=MOST_PIXELS).contains(side));
        if fits { Ok(self) } else { Err(Error::Size(self.size)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_on_around_corners() {
        let mut picture = Picture::new(40, 40);
        picture.dashed(&[[0.0, 0.0], [12.0, 0.0], [12.0, 12.0]], 1.0, Colour::INK);
        let ends = |shape: &Shape| match shape {
            Shape::Line(points, ..) => points.first().copied().zip(points.last().copied()),
            _ => None,
        };
        let dashes: Vec<_> = picture.shapes.iter().filter_map(ends).collect();
        let expected = [([0.0, 0.0], [5.0, 0.0]), ([10.0, 0.0], [12.0, 3.0]), ([12.0, 8.0], [12.0, 12.0])];
        assert_eq!(dashes, expected);
    }

    #[test]
    fn a_dashed_line_of_any_length_ends() {
        for far in [1e17, f64::INFINITY] {
            let mut picture = Picture::new(40, 40);
            picture.dashed(&[[0.0, 0.0], [7.0, 0.0], [far, 0.0], [far, 3.0]], 1.0, Colour::INK);
            let lines =
                picture.shapes.iter().filter(|shape| matches!(shape, Shape::Line(points, ..) if points.len() > 1));
            // the dash, the long segment, and the next dash if its length is known
            assert!((2..=3).contains(&lines.count()), "{far}: {:?}", picture.shapes);
        }
    }

    #[test]
    fn a_picture_of_no_size_is_refused() {
        for size in [[0, 10], [10, 0], [MOST_PIXELS + 1, 1], [u32::MAX; 2]] {
            let picture = Picture::new(size[0], size[1]);
            assert_eq!((picture.png().err(), picture.svg().err()), (Some(Error::Size(size)), Some(Error::Size(size))));
        }
    }

    #[test]
    fn an_image_of_unknown_opacity_has_a_rectangle_for_each_pixel() {
        let mut picture = Picture::new(8, 8);
        picture.image([0.0; 2], [3, 2], 2.0, |_, _| Colour::INK.opacity(f64::NAN));
        assert_eq!(picture.shapes.len(), 6);
    }

    #[test]
    fn equal_neighbours_of_an_image_are_one_rectangle() {
        let mut picture = Picture::new(8, 8);
        picture.image([1.0, 1.0], [3, 2], 2.0, |column, row| Colour::grey(if column + row < 2 { 0.0 } else { 1.0 }));
        let corners = |shape: &Shape| match shape {
            Shape::Rectangle(corners, _) => *corners,
            other => panic!("{other:?}"),
        };
        let expected =
            [[[1.0, 1.0], [5.0, 3.0]], [[5.0, 1.0], [7.0, 3.0]], [[1.0, 3.0], [3.0, 5.0]], [[3.0, 3.0], [7.0, 5.0]]];
        assert_eq!(picture.shapes.iter().map(corners).collect::<Vec<_>>(), expected);
    }
}
