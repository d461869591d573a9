//! Draws the charts: shares of a copy as bars, and times against sizes as lines.

use super::measure::Row;
use super::table::ms;
use crate::suite::case::Least;
use std::error::Error;
use std::path::Path;
use wgloss_chart::{Align, Axis, Colour, Curve, Picture, Plot, Stroke};

const SMALL: f64 = 15.0;

/// The heights of a case and of a line of text, the widths for names and numbers beside the bars, and the whole width.
const HIGH: f64 = 30.0;
const LINE: f64 = 20.0;
const NAMES: f64 = 290.0;
const NUMBERS: f64 = 250.0;
const WIDE: u32 = 1080;

/// The colours of a value with its gradients, and of a value alone.
const DARK: Colour = Colour::hex(0x2c5f8a);
const LIGHT: Colour = Colour::hex(0xa9c6de);

/// The colours of lines.
const LINES: [u32; 10] =
    [0x1f77b4, 0xd62728, 0x2ca02c, 0x9467bd, 0xff7f0e, 0x8c564b, 0x17becf, 0xe377c2, 0x555555, 0xa8a91f];

type Drawn = Result<(), Box<dyn Error>>;

/// Draws each case's share of the best copy as bars. A case that arithmetic bounds has no bar, only its rate.
pub fn shares(path: &Path, about: &[String], rows: &[Row], copy: f64) -> Drawn {
    let top = LINE * (about.len() as f64 + 2.0) + 40.0;
    let height = top + HIGH * rows.len() as f64 + 20.0;
    let title = "Share of the best copy: value with gradients (dark), value alone (light)";
    let mut picture = begun(height, title, about);

    // a case that fits into a cache may be faster than a copy
    let share = |row: &Row, gradients: bool| {
        row.least.share(gradients, row.times[usize::from(gradients)].gpu_or_wall().as_secs_f64(), copy)
    };
    let all = rows.iter().flat_map(|row| [share(row, false), share(row, true)]).flatten();
    let most = (all.fold(1.0, f64::max) * 10.0).ceil() / 10.0;
    let room = f64::from(WIDE) - NAMES - NUMBERS;
    let across = |share: f64| NAMES + room * share / most;
    for tenths in (0..).step_by(2).take_while(|tenths| f64::from(*tenths) <= 10.0 * most) {
        let x = across(f64::from(tenths) / 10.0);
        picture.line(&[[x, top - 6.0], [x, height - 14.0]], 1.0, Colour::LINE);
        picture.text([x, top - 16.0], &format!("{} %", 10 * tenths), SMALL, Colour::GREY, Align::Middle);
    }
    for (place, row) in rows.iter().enumerate() {
        let y = top + HIGH * place as f64;
        let middle = y + HIGH / 2.0 - 2.0;
        picture.text([NAMES - 8.0, middle], &row.case.name(), SMALL, Colour::INK, Align::Right);
        for (gradients, from, to, colour) in [(false, 3.0, 9.0, LIGHT), (true, 9.0, 24.0, DARK)] {
            if let Some(share) = share(row, gradients) {
                picture.rectangle([NAMES, y + from], [across(share), y + to], colour);
            }
        }
        let time = row.times[1].gpu_or_wall();
        let bound = if matches!(row.least, Least::Flops(_)) { ", arithmetic" } else { "" };
        let rate = row.least.rate(true, time.as_secs_f64());
        let rate = format!("{} {}{bound}", short(rate), row.least.unit());
        let left = f64::from(WIDE) - NUMBERS;
        picture.text([left + 90.0, middle], &format!("{} ms", short(ms(time))), SMALL, Colour::INK, Align::Right);
        picture.text([left + 104.0, middle], &rate, SMALL, Colour::INK, Align::Left);
    }
    Ok(std::fs::write(path, picture.svg()?)?)
}

/// Draws times in milliseconds against numbers of elements, one line for each loss, with logarithmic axes.
pub fn lines(path: &Path, about: &[String], curves: &[(String, Vec<[f64; 2]>)]) -> Drawn {
    const HEIGHT: f64 = 760.0;
    let mut picture = begun(HEIGHT, "Milliseconds for the value with gradients, by elements of the prediction", about);
    let points = || curves.iter().flat_map(|(_, points)| points);
    if points().next().is_some() {
        let curve = |((name, points), hue): (&(String, Vec<[f64; 2]>), u32)| Curve {
            name: name.clone(),
            colour: Colour::hex(hue),
            stroke: Stroke::Points,
            points: points.clone(),
        };
        let plot = Plot {
            title: String::new(),
            curves: curves.iter().zip(LINES.into_iter().cycle()).map(curve).collect(),
            across: decades(points().map(|point| point[0])),
            up: decades(points().map(|point| point[1])),
        };
        let top = LINE * (about.len() as f64 + 2.0);
        picture.plot([16.0, top], [f64::from(WIDE) - 16.0, HEIGHT - 12.0], &plot);
    }
    Ok(std::fs::write(path, picture.svg()?)?)
}

/// A logarithmic axis of the powers of ten around these numbers.
fn decades(numbers: impl Iterator<Item = f64>) -> Axis {
    let ends = numbers.filter(|number| *number > 0.0).map(f64::log10);
    let [low, high] = ends.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)]);
    // sizes are only approximately powers of ten
    let (low, high) = ((low + 0.01).floor() as i32, (high - 0.01).ceil() as i32);
    Axis::logarithmic((low..=high.max(low.saturating_add(1))).map(|power| 10f64.powi(power)).collect::<Vec<_>>())
}

/// A picture with its title, and the lines about the measurement.
fn begun(height: f64, title: &str, about: &[String]) -> Picture {
    let mut picture = Picture::new(WIDE, height as u32);
    picture.text([16.0, 20.0], title, 20.0, Colour::INK, Align::Left);
    for (place, line) in about.iter().enumerate() {
        let middle = 16.0 + LINE * (place as f64 + 1.5);
        picture.text([16.0, middle], line, SMALL, Colour::GREY, Align::Left);
    }
    picture
}

/// Formats a number with three digits, or with all digits before the point if there are more.
fn short(x: f64) -> String {
    let places = (2.0 - x.abs().max(1e-9).log10().floor()).clamp(0.0, 6.0) as usize;
    let number = format!("{x:.places$}");
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').into() } else { number }
}
