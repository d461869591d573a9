//! Renders a picture with `plotters`, which takes only whole coordinates, as PNG or SVG.

use crate::error::Error;
use crate::picture::{Align, Picture, Shape};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontStyle, IntoFont, ShapeStyle, TextStyle, WHITE, register_font};
use std::fmt;
use std::sync::Once;

/// The units of the drawing in one pixel of the picture. A PNG is drawn this much larger and then averaged, which smooths its
/// edges.
const FINER: u32 = 3;

const FAMILY: &str = "sans-serif";

/// The result of drawing on a backend.
type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// The font of a height in pixels. It measures text, and draws it in a PNG.
fn font(height: f64) -> FontDesc<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // if the font is damaged, every drawing returns an error that says so
        let _ = register_font(FAMILY, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
    (FAMILY, height * f64::from(FINER)).into_font()
}

/// The width of a line of text in pixels.
pub fn text_width(text: &str, height: f64) -> f64 {
    let (width, _) = font(height).box_size(text).unwrap_or_default();
    f64::from(width) / f64::from(FINER)
}

fn whole(place: &[f64; 2]) -> (i32, i32) {
    let [x, y] = place.map(|along| (along * f64::from(FINER)).round() as i32);
    (x, y)
}

fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, picture: &Picture) -> Drawn<B> {
    area.fill(&WHITE)?;
    for shape in &picture.shapes {
        match shape {
            Shape::Polygon(corners, colour) => {
                area.draw(&Polygon::new(corners.iter().map(whole).collect::<Vec<_>>(), colour.plotted().filled()))?;
            }
            Shape::Rectangle([from, to], colour) => {
                area.draw(&Rectangle::new([whole(from), whole(to)], colour.plotted().filled()))?;
            }
            Shape::Line(points, width, colour) => {
                let width = (width * f64::from(FINER)).round().max(1.0) as u32;
                let style = ShapeStyle::from(colour.plotted()).stroke_width(width);
                let mut points: Vec<_> = points.iter().map(whole).collect();
                // a line without length has no direction
                points.dedup();
                if points.len() > 1 {
                    area.draw(&PathElement::new(points, style))?;
                }
            }
            Shape::Disc(at, radius, colour) => {
                let radius = (radius * f64::from(FINER)).round() as i32;
                area.draw(&Circle::new(whole(at), radius, colour.plotted().filled()))?;
            }
            Shape::Text([left, middle], text, height, colour, align) => {
                let across = match align {
                    Align::Left => HPos::Left,
                    Align::Middle => HPos::Center,
                    Align::Right => HPos::Right,
                };
                let colour = colour.plotted();
                let style = TextStyle::from(font(*height)).color(&colour).pos(Pos::new(across, VPos::Center));
                // the middle that plotters uses is above the middle of capitals and digits
                area.draw(&Text::new(text.as_str(), whole(&[*left, middle + 0.1 * height]), style))?;
            }
        }
    }
    area.present()
}

fn failed(why: impl fmt::Display) -> Error {
    Error::Drawing(why.to_string())
}

/// Makes a PNG file.
pub fn png(picture: &Picture) -> Result<Vec<u8>, Error> {
    let [width, height] = picture.size;
    let [fine_width, fine_height] = picture.size.map(|side| side * FINER);
    let mut fine = vec![0; 3 * fine_width as usize * fine_height as usize];
    draw(&BitMapBackend::with_buffer(&mut fine, (fine_width, fine_height)).into_drawing_area(), picture)
        .map_err(failed)?;
    let mut pixels = Vec::with_capacity(3 * width as usize * height as usize);
    let places = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |channel| (y, x, channel))));
    for (y, x, channel) in places {
        let at = |row: u32, column: u32| {
            fine[((y * FINER + row) as usize * fine_width as usize + (x * FINER + column) as usize) * 3 + channel]
        };
        let sum: u32 = (0..FINER * FINER).map(|dot| u32::from(at(dot / FINER, dot % FINER))).sum();
        // 64 levels are enough for the eye, and save a third of the file
        let level = (63 * sum + 255 * FINER * FINER / 2) / (255 * FINER * FINER);
        pixels.push((level * 255 / 63) as u8);
    }
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::NoFilter);
    encoder.write_image(&pixels, width, height, ExtendedColorType::Rgb8).map_err(failed)?;
    Ok(file)
}

/// Makes an SVG file.
pub fn svg(picture: &Picture) -> Result<String, Error> {
    let [width, height] = picture.size;
    let fine = (width * FINER, height * FINER);
    let mut file = String::new();
    draw(&SVGBackend::with_string(&mut file, fine).into_drawing_area(), picture).map_err(failed)?;
    // displayed at the size of the PNG; only the view box has the finer units
    let shown = |(width, height): (u32, u32)| format!("<svg width=\"{width}\" height=\"{height}\"");
    Ok(file.replacen(&shown(fine), &shown((width, height)), 1))
}
