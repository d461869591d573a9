//! Draws the charts: shares of a copy as bars, and times against sizes as lines.

use super::measure::Row;
use super::suite::case::Least;
use super::table::ms;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

const FAMILY: &str = "sans-serif";
const SMALL: f64 = 13.0;

/// The heights of a case and of a line of text, the widths for names and numbers beside the bars, and the whole width.
const HIGH: i32 = 30;
const LINE: i32 = 18;
const NAMES: i32 = 290;
const NUMBERS: i32 = 250;
const WIDE: i32 = 1080;

/// The colours of a value with its gradients, and of a value alone.
const DARK: RGBColor = RGBColor(0x2c, 0x5f, 0x8a);
const LIGHT: RGBColor = RGBColor(0xa9, 0xc6, 0xde);
const GREY: RGBColor = RGBColor(0x77, 0x77, 0x77);

/// The colours of lines.
const LINES: [RGBColor; 10] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0xd6, 0x27, 0x28),
    RGBColor(0x2c, 0xa0, 0x2c),
    RGBColor(0x94, 0x67, 0xbd),
    RGBColor(0xff, 0x7f, 0x0e),
    RGBColor(0x8c, 0x56, 0x4b),
    RGBColor(0x17, 0xbe, 0xcf),
    RGBColor(0xe3, 0x77, 0xc2),
    RGBColor(0x55, 0x55, 0x55),
    RGBColor(0xa8, 0xa9, 0x1f),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// Draws each case's share of the best copy as bars. A case that arithmetic bounds has only its rate.
pub fn shares(path: &Path, about: &[String], rows: &[Row], copy: f64) -> Drawn {
    let top = LINE * (about.len() as i32 + 2) + 40;
    let height = top + HIGH * rows.len() as i32 + 20;
    let area = open(path, [WIDE, height])?;
    heading(&area, "Share of the best copy: value with gradients (dark), value alone (light)", about)?;

    // a case that fits into a cache may be faster than a copy
    let share = |row: &Row, gradients: bool| {
        row.least.share(gradients, row.times[usize::from(gradients)].best().as_secs_f64(), copy)
    };
    let all = rows.iter().flat_map(|row| [share(row, false), share(row, true)]).flatten();
    let most = (all.fold(1.0, f64::max) * 10.0).ceil() / 10.0;
    let room = f64::from(WIDE - NAMES - NUMBERS);
    let across = |share: f64| NAMES + (room * share / most) as i32;
    for tenths in (0..).step_by(2).take_while(|tenths| f64::from(*tenths) <= 10.0 * most) {
        let x = across(f64::from(tenths) / 10.0);
        area.draw(&PathElement::new([(x, top - 6), (x, height - 14)], GREY.mix(0.4)))?;
        text(&area, (x, top - 16), &format!("{} %", 10 * tenths), HPos::Center, &GREY)?;
    }
    for (row, y) in rows.iter().zip((top..).step_by(HIGH as usize)) {
        let middle = y + HIGH / 2 - 2;
        text(&area, (NAMES - 8, middle), &row.case.name(), HPos::Right, &BLACK)?;
        for (gradients, from, to, colour) in [(false, 3, 9, LIGHT), (true, 9, 24, DARK)] {
            if let Some(share) = share(row, gradients) {
                area.draw(&Rectangle::new([(NAMES, y + from), (across(share), y + to)], colour.filled()))?;
            }
        }
        let time = row.times[1].best();
        let bound = if matches!(row.least, Least::Flops(_)) { ", arithmetic" } else { "" };
        let rate = row.least.rate(true, time.as_secs_f64());
        let rate = format!("{} {}{bound}", short(rate), row.least.unit());
        text(&area, (WIDE - NUMBERS + 90, middle), &format!("{} ms", short(ms(time))), HPos::Right, &BLACK)?;
        text(&area, (WIDE - NUMBERS + 104, middle), &rate, HPos::Left, &BLACK)?;
    }
    Ok(area.present()?)
}

/// Draws times in milliseconds against numbers of elements, one line for each loss, with logarithmic axes.
pub fn lines(path: &Path, about: &[String], curves: &[(String, Vec<(f64, f64)>)]) -> Drawn {
    let area = open(path, [WIDE, 760])?;
    heading(&area, "Value with gradients: milliseconds against elements of the prediction", about)?;
    let (_, below) = area.split_vertically(LINE * (about.len() as i32 + 2) + 16);
    let ends = |along: fn(&(f64, f64)) -> f64| {
        let all = curves.iter().flat_map(|(_, points)| points.iter().map(along));
        let (low, high) = all.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
        10f64.powf(low.log10().floor())..10f64.powf(high.log10().ceil())
    };
    if curves.iter().all(|(_, points)| points.is_empty()) {
        return Ok(area.present()?);
    }
    let mut chart = ChartBuilder::on(&below)
        .margin(16)
        .margin_right(40)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(ends(|point| point.0).log_scale(), ends(|point| point.1).log_scale())?;
    let label = TextStyle::from((FAMILY, SMALL).into_font()).color(&BLACK);
    chart
        .configure_mesh()
        .bold_line_style(GREY.mix(0.4))
        .light_line_style(GREY.mix(0.12))
        .label_style(label.clone())
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .x_desc("elements")
        .y_desc("ms")
        .draw()?;
    for ((name, points), colour) in curves.iter().zip(LINES.into_iter().cycle()) {
        let line = chart.draw_series([PathElement::new(points.clone(), colour.stroke_width(2))])?;
        line.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(GREY.mix(0.4))
        .label_font(label)
        .draw()?;
    Ok(area.present()?)
}

fn open(path: &Path, [width, height]: [i32; 2]) -> Result<Area<'_>, Box<dyn Error>> {
    register_font(FAMILY, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).map_err(|_| "the font is damaged")?;
    let area = SVGBackend::new(path, (width as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area)
}

fn heading(area: &Area<'_>, title: &str, about: &[String]) -> Drawn {
    let style = TextStyle::from((FAMILY, 17.0).into_font()).color(&BLACK);
    area.draw(&Text::new(title, (16, 12), style))?;
    for (line, y) in about.iter().zip((16 + 2 * LINE..).step_by(LINE as usize)) {
        text(area, (16, y), line, HPos::Left, &GREY)?;
    }
    Ok(())
}

fn text(area: &Area<'_>, at: (i32, i32), words: &str, across: HPos, colour: &RGBColor) -> Drawn {
    let style = TextStyle::from((FAMILY, SMALL).into_font()).color(colour).pos(Pos::new(across, VPos::Center));
    Ok(area.draw(&Text::new(words, at, style))?)
}

/// Formats a number with three digits, or with all digits before the point if there are more.
fn short(x: f64) -> String {
    let places = (2.0 - x.abs().max(1e-9).log10().floor()).clamp(0.0, 6.0) as usize;
    let number = format!("{x:.places$}");
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').into() } else { number }
}
