//! What the examples that train share: they read photographs, and draw panels and plots into a PNG.

mod font;

use image::{Rgb, RgbImage};
use std::path::{Path, PathBuf};

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// The background of a picture.
pub const PAPER: Colour = [20, 22, 27];
/// Text.
pub const INK: Colour = [222, 226, 233];
/// Grid lines, and things to compare with.
pub const FAINT: Colour = [112, 120, 134];
/// The colours of curves.
pub const HUES: [Colour; 3] = [[76, 201, 240], [255, 183, 3], [247, 80, 150]];

/// The height of a line of text.
pub const LINE: u32 = 22;

/// A grey picture from `data/`. Its levels go from 0 for black to 1 for white.
pub struct Photograph {
    /// The pixels in a row.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// The grey levels, row by row.
    pub pixels: Vec<f32>,
}

impl Photograph {
    /// Reads a file of `data/`.
    pub fn load(name: &str) -> image::ImageResult<Photograph> {
        let picture = image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name))?.to_luma8();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixels = picture.into_raw().into_iter().map(|level| f32::from(level) / 255.0).collect();
        Ok(Photograph { width, height, pixels })
    }
}

/// The colour of a grey level, 0 for black and 1 for white.
pub fn grey(level: f32) -> Colour {
    [(level.clamp(0.0, 1.0) * 255.0).round() as u8; 3]
}

/// A curve of a plot.
pub struct Curve<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Its colour.
    pub colour: Colour,
    /// Its points, from left to right.
    pub points: Vec<(f32, f32)>,
}

/// A plot: axes and curves.
pub struct Plot<'a> {
    /// The text above it.
    pub title: &'a str,
    /// The curves.
    pub curves: Vec<Curve<'a>>,
    /// The labelled values of the horizontal axis. The axis ends at the first and the last.
    pub across: &'a [f32],
    /// The labelled values of the vertical axis. The axis ends at the first and the last.
    pub up: &'a [f32],
    /// Whether the vertical axis is logarithmic.
    pub logarithmic: bool,
}

/// The ends of an axis.
fn ends(ticks: &[f32]) -> [f32; 2] {
    [ticks[0], ticks[ticks.len() - 1]]
}

/// The position of a value between `from` and `to`, as a share. Clamped, so that values outside are drawn on the edge.
fn share(value: f32, [from, to]: [f32; 2]) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

/// A picture that is being drawn.
pub struct Picture(RgbImage);

impl Picture {
    /// An empty picture.
    pub fn new(width: u32, height: u32) -> Picture {
        Picture(RgbImage::from_pixel(width, height, Rgb(PAPER)))
    }

    /// Fills a rectangle, clipped to the picture.
    pub fn fill(&mut self, x: u32, y: u32, width: u32, height: u32, colour: Colour) {
        for y in y..(y + height).min(self.0.height()) {
            for x in x..(x + width).min(self.0.width()) {
                self.0.put_pixel(x, y, Rgb(colour));
            }
        }
    }

    /// Writes a line of text with its upper left corner at (x, y). Each dot of the font is 2 x 2 pixels.
    pub fn text(&mut self, x: u32, y: u32, text: &str, colour: Colour) {
        for (place, character) in (0..).zip(text.chars()) {
            for (row, dots) in (0..).zip(font::glyph(character)) {
                for (column, _) in (0..).zip(dots).filter(|(_, dot)| *dot) {
                    self.fill(x + 12 * place + 2 * column, y + 2 * row, 2, 2, colour);
                }
            }
        }
    }

    /// Draws an image below its title. `colour` gives the pixel in a column and row.
    pub fn panel(&mut self, [x, y]: [u32; 2], title: &str, size: [usize; 2], colour: impl Fn(usize, usize) -> Colour) {
        self.text(x, y, title, INK);
        for (row, column) in (0..size[1]).flat_map(|row| (0..size[0]).map(move |column| (row, column))) {
            self.fill(x + column as u32, y + LINE + row as u32, 1, 1, colour(column, row));
        }
    }

    /// Draws a plot into a rectangle, with title and legend above, labels to the left and below.
    pub fn plot(&mut self, [x, y]: [u32; 2], [width, height]: [u32; 2], plot: &Plot<'_>) {
        self.text(x, y, plot.title, INK);
        let mut legend = x;
        for curve in &plot.curves {
            self.text(legend, y + LINE, curve.name, curve.colour);
            legend += 12 * (curve.name.len() as u32 + 2);
        }
        let (left, top) = (x + 64, y + 2 * LINE + 8);
        let (wide, high) = (width - 64 - 24, height - 3 * LINE - 12);
        let on_axis = |value: f32| if plot.logarithmic { value.max(f32::MIN_POSITIVE).log10() } else { value };
        let to_x = |value: f32| left as f32 + wide as f32 * share(value, ends(plot.across));
        let to_y = |value: f32| (top + high) as f32 - high as f32 * share(on_axis(value), ends(plot.up).map(on_axis));
        for &tick in plot.up {
            let at = to_y(tick) as u32;
            let label = tick.to_string();
            self.fill(left, at, wide, 1, [52, 56, 64]);
            self.text(left - 8 - 12 * label.len() as u32, at - 7, &label, FAINT);
        }
        for &tick in plot.across {
            let at = to_x(tick) as u32;
            let label = tick.to_string();
            self.fill(at, top, 1, high, [52, 56, 64]);
            self.text(at - 6 * label.len() as u32, top + high + 8, &label, FAINT);
        }
        for curve in &plot.curves {
            for pair in curve.points.windows(2) {
                let [from, to] = [pair[0], pair[1]].map(|(x, y)| (to_x(x), to_y(y)));
                let dots = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
                for dot in 0..=dots as u32 {
                    let along = dot as f32 / dots;
                    let (x, y) = (from.0 + along * (to.0 - from.0), from.1 + along * (to.1 - from.1));
                    self.fill(x.round() as u32 - 1, y.round() as u32 - 1, 2, 2, curve.colour);
                }
            }
        }
    }

    /// Writes the picture to `out/`, and returns its path.
    pub fn save(&self, name: &str) -> image::ImageResult<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(name);
        self.0.save(&file)?;
        Ok(file)
    }
}
