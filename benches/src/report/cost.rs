//! Measures time against size for a case of each family, over four decades.

use super::arguments::Arguments;
use super::chart;
use super::measure::{Effort, Times};
use crate::suite::case::Case;
use crate::suite::list;
use crate::suite::ready::{Ready, check};
use crate::suite::stopwatch::Stopwatch;
use std::error::Error;
use std::io::Write;
use std::time::Duration;
use wgloss::Gpu;

/// The least number of elements of the prediction, and the number of sizes, two per decade.
const LEAST: f64 = 1e3;
const SIZES: i32 = 9;

/// A curve ends with a run that takes longer than this. The time of losses over all pairs grows with the square of the size.
const LONG: Duration = Duration::from_millis(1500);

/// Measures the curves, and writes `cost.csv` and `cost.svg`.
pub fn report(
    gpu: &Gpu,
    stopwatch: &Stopwatch,
    arguments: &Arguments,
    about: &[String],
    out: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    let (sizes, effort) = match (arguments.test, arguments.quick) {
        (true, _) => (2, Effort::ONCE),
        (_, true) => (SIZES, Effort::QUICK),
        _ => (SIZES, Effort::FULL),
    };
    let mut text =
        about.iter().map(|line| format!("# {line}\n")).collect::<String>() + "loss,elements,ms,wall_ms,runs\n";
    let mut curves = Vec::new();
    for family in list::families() {
        if !arguments.test && !arguments.asks_for(family.loss) {
            continue;
        }
        let mut points: Vec<[f64; 2]> = Vec::new();
        for step in 0..sizes {
            let case = sized(&family, LEAST * 10f64.powf(f64::from(step) / 2.0));
            let problem = case.problem()?;
            let elements = problem.differentiated()[0].len();
            // the case did not grow: a single item may have more elements than this step asks for
            if points.last().is_some_and(|[last, _]| *last >= elements as f64) {
                continue;
            }
            if points.is_empty() {
                check(gpu, &case.name(), &problem)?;
            }
            let ready = Ready::new(gpu, &problem)?;
            let times = Times::of(gpu, stopwatch, &ready.gradients, effort);
            let [best, wall] = [times.gpu_or_wall(), times.wall].map(|time| time.as_secs_f64() * 1e3);
            writeln!(out, "{:<40} {best:>10.3} ms", case.name())?;
            text += &format!("{},{elements},{best:.4},{wall:.4},{}\n", case.loss, times.runs);
            points.push([elements as f64, best]);
            if times.wall > LONG {
                break;
            }
        }
        curves.push((family.loss.to_string(), points));
    }
    std::fs::write(arguments.out.join("cost.csv"), text)?;
    chart::lines(&arguments.out.join("cost.svg"), about, &curves)
}

/// The case with a prediction of about `elements` elements. The number of items changes; if one item is too large, the
/// number of positions shrinks too.
fn sized(family: &Case, elements: f64) -> Case {
    let mut case = family.clone();
    // the classes of a linear layer are not in its prediction
    let positions = if family.loss == "linear_cross_entropy" { 2..2 } else { 2..case.shape.len() };
    let item = case.shape[1..positions.end].iter().product::<usize>() as f64;
    case.shape[0] = ((elements / item).round() as usize).max(1);
    if elements < item {
        let shrink = (elements / item).powf(1.0 / positions.len() as f64);
        case.shape[positions].iter_mut().for_each(|side| *side = ((*side as f64 * shrink).round() as usize).max(1));
    }
    case
}
