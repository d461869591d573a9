//! Measures time against size for one loss of each family, over four decades.

use super::arguments::Arguments;
use super::measure::{Effort, Times};
use super::suite::case::Case;
use super::suite::ready::{Ready, check};
use super::suite::stopwatch::Stopwatch;
use super::{chart, suite::list};
use std::error::Error;
use std::time::Duration;
use wgloss::Gpu;

/// The least number of elements of the prediction, and the number of sizes, two per decade.
const LEAST: f64 = 1e3;
const SIZES: i32 = 9;

/// A curve ends when a run takes longer, because losses over all pairs grow with the square of the size.
const LONG: Duration = Duration::from_millis(1500);

/// Measures the curves, and writes `cost.csv` and `cost.svg`.
pub fn report(gpu: &Gpu, stopwatch: &Stopwatch, arguments: &Arguments, about: &[String]) -> Result<(), Box<dyn Error>> {
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
        let mut points = Vec::new();
        for step in 0..sizes {
            let case = sized(&family, LEAST * 10f64.powf(f64::from(step) / 2.0));
            let problem = case.problem()?;
            if step == 0 {
                check(gpu, &case.name(), &problem)?;
            }
            let elements = problem.differentiated()[0].len();
            let ready = Ready::new(gpu, &problem)?;
            let times = Times::of(gpu, stopwatch, &ready.gradients, effort);
            let [best, wall] = [times.best(), times.wall].map(|time| time.as_secs_f64() * 1e3);
            println!("{:<40} {best:>10.3} ms", case.name());
            text += &format!("{},{elements},{best:.4},{wall:.4},{}\n", case.loss, times.runs);
            points.push((elements as f64, best));
            if times.wall > LONG {
                break;
            }
        }
        curves.push((family.loss.to_string(), points));
    }
    std::fs::write(arguments.out.join("cost.csv"), text)?;
    chart::lines(&arguments.out.join("cost.svg"), about, &curves)
}

/// The case whose prediction has about `elements` elements.
fn sized(family: &Case, elements: f64) -> Case {
    let mut case = family.clone();
    // the classes of a linear layer are not in its prediction
    let axes = if family.loss == "linear_cross_entropy" { 1..2 } else { 1..case.shape.len() };
    let item: usize = case.shape[axes].iter().product();
    case.shape[0] = ((elements / item as f64).round() as usize).max(1);
    case
}
