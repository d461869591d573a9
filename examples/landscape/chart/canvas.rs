//! Draws polygons, lines and text at fractional coordinates with `plotters`, which takes only integers.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE, register_font};
use std::error::Error;

/// A colour without transparency.
pub type Colour = RGBColor;

/// The result of drawing on a backend.
pub type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// The units of the drawing in one unit of the picture. A PNG is drawn this much larger and then averaged, which
/// smooths its edges.
const FINER: u32 = 3;

const FAMILY: &str = "sans-serif";

/// The part of a text that is at its position.
pub enum Align {
    /// Its left end.
    Left,
    /// Its middle.
    Middle,
    /// Its right end.
    Right,
}

/// A picture that is being drawn.
pub struct Canvas<B: DrawingBackend>(DrawingArea<B, Shift>);

impl<B: DrawingBackend> Canvas<B> {
    /// Fills a polygon.
    pub fn polygon(&self, corners: &[[f64; 2]], colour: &impl Color) -> Drawn<B> {
        self.0.draw(&Polygon::new(corners.iter().map(whole).collect::<Vec<_>>(), colour.filled()))
    }

    /// Fills a rectangle.
    pub fn rectangle(&self, from: [f64; 2], to: [f64; 2], colour: &impl Color) -> Drawn<B> {
        self.0.draw(&Rectangle::new([whole(&from), whole(&to)], colour.filled()))
    }

    /// Draws a line through points.
    pub fn line(&self, points: &[[f64; 2]], width: f64, colour: &impl Color) -> Drawn<B> {
        let style = ShapeStyle::from(colour).stroke_width((width * f64::from(FINER)).round().max(1.0) as u32);
        let mut points: Vec<_> = points.iter().map(whole).collect();
        // a line without length has no direction
        points.dedup();
        if points.len() < 2 { Ok(()) } else { self.0.draw(&PathElement::new(points, style)) }
    }

    /// Fills a circle.
    pub fn disc(&self, at: [f64; 2], radius: f64, colour: &impl Color) -> Drawn<B> {
        self.0.draw(&Circle::new(whole(&at), (radius * f64::from(FINER)).round() as i32, colour.filled()))
    }

    /// Writes a line of text of this height, vertically centred at `at`.
    pub fn text(&self, at: [f64; 2], text: &str, height: f64, colour: &impl Color, align: Align) -> Drawn<B> {
        let across = match align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        let font = (FAMILY, height * f64::from(FINER)).into_font();
        let style = TextStyle::from(font).color(colour).pos(Pos::new(across, VPos::Center));
        // the middle that plotters uses is above the middle of capitals and digits
        self.0.draw(&Text::new(text, whole(&[at[0], at[1] + 0.1 * height]), style))
    }
}

fn whole(place: &[f64; 2]) -> (i32, i32) {
    let [x, y] = place.map(|along| (along * f64::from(FINER)).round() as i32);
    (x, y)
}

/// The colour map Viridis, from 0 to 1. Equal steps look equal, also in grey and to most colour-blind people.
pub fn colour(share: f64) -> Colour {
    ViridisRGB.get_color(share as f32)
}

/// Mixes a share of `b` into `a`.
pub fn blend(a: Colour, b: Colour, share: f64) -> Colour {
    let mix = |a: u8, b: u8| (f64::from(a) + share.clamp(0.0, 1.0) * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// Registers the font that measures text, and draws it in a PNG.
fn register() -> Result<(), Box<dyn Error>> {
    register_font(FAMILY, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
        .map_err(|_| "the font is damaged".into())
}

/// Draws a PNG file of a size in pixels.
pub fn png(
    [width, height]: [u32; 2],
    draw: impl Fn(&Canvas<BitMapBackend<'_>>) -> Drawn<BitMapBackend<'static>>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    register()?;
    let [fine_width, fine_height] = [width, height].map(|side| side * FINER);
    let mut fine = vec![0; (3 * fine_width * fine_height) as usize];
    {
        let canvas = Canvas(BitMapBackend::with_buffer(&mut fine, (fine_width, fine_height)).into_drawing_area());
        canvas.0.fill(&WHITE)?;
        draw(&canvas)?;
        canvas.0.present()?;
    }
    let mut pixels = Vec::with_capacity((3 * width * height) as usize);
    for (y, x, channel) in (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
        let at = |row: u32, column: u32| {
            fine[(((y * FINER + row) * fine_width + x * FINER + column) * 3 + channel) as usize]
        };
        let sum: u32 = (0..FINER * FINER).map(|dot| u32::from(at(dot / FINER, dot % FINER))).sum();
        // 64 levels are enough for the eye, and save a third of the file
        let level = (63 * sum + 255 * FINER * FINER / 2) / (255 * FINER * FINER);
        pixels.push((level * 255 / 63) as u8);
    }
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::NoFilter);
    encoder.write_image(&pixels, width, height, ExtendedColorType::Rgb8)?;
    Ok(file)
}

/// Draws an SVG file of a size in units.
pub fn svg(
    [width, height]: [u32; 2],
    draw: impl Fn(&Canvas<SVGBackend<'_>>) -> Drawn<SVGBackend<'static>>,
) -> Result<String, Box<dyn Error>> {
    register()?;
    let fine = (width * FINER, height * FINER);
    let mut file = String::new();
    {
        let canvas = Canvas(SVGBackend::with_string(&mut file, fine).into_drawing_area());
        canvas.0.fill(&WHITE)?;
        draw(&canvas)?;
        canvas.0.present()?;
    }
    // displayed in the size of the PNG; only the view box has the finer units
    let shown = |(width, height): (u32, u32)| format!("<svg width=\"{width}\" height=\"{height}\"");
    Ok(file.replacen(&shown(fine), &shown((width, height)), 1))
}
