//! The report of `cargo xtask bench`: measures every case at its real size, and writes a table, charts and the inputs
//! for peers. It also joins the results of a pack's runs into one table.
//!
//! It writes to the folder that `--out` names. Without `--out` it measures nothing, so that `cargo bench` runs
//! Criterion only. In test mode everything runs once, on small inputs.

mod arguments;
mod chart;
mod cost;
mod inputs;
mod measure;
mod merge;
#[path = "../suite/mod.rs"]
mod suite;
mod table;

use arguments::Arguments;
use inputs::Inputs;
use measure::{Checked, Effort, Row, measure};
use std::error::Error;
use std::process::ExitCode;
use suite::case::{Case, Least};
use suite::stopwatch::Stopwatch;
use suite::{copy, list};
use wgloss::{Gpu, wgpu};

/// How much smaller batches are with `--quick`, and in a test.
const QUICK: usize = 8;
const TEST: usize = 64;

/// How much larger the batches are that a discrete GPU measures too.
const LARGER: usize = 8;

fn main() -> ExitCode {
    let ended = Arguments::parse(std::env::args().skip(1)).map_err(Into::into).and_then(|arguments| match arguments {
        Some(Arguments { merge: Some(folder), .. }) => merge::merge(&folder),
        Some(arguments) => report(&arguments),
        None => {
            println!("the report is made by `cargo xtask bench`");
            Ok(())
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(&arguments.out)?;
    let gpu = Gpu::new()?;
    let stopwatch = Stopwatch::new(&gpu);
    let info = gpu.device().adapter_info();
    let mut about = vec![
        format!("{} ({:?}, {}, {} {})", info.name, info.device_type, info.backend, info.driver, info.driver_info),
        arguments.about.clone(),
    ];
    if arguments.test {
        merge::test(&arguments.out)?;
        // panics if it names a case that does not exist
        list::headline();
    }

    let before = copy::best_rate(&gpu, &stopwatch);
    let clock =
        if stopwatch.has_clock() { "of timestamps on the GPU" } else { "of wall times: there are no timestamps" };
    let about_copy = |after: Option<f64>| {
        let after = after.map_or("not measured".into(), |after| format!("{:.1} GB/s", after / 1e9));
        let before = before / 1e9;
        format!("copy: {before:.1} GB/s before, {after} after; shares are of the faster. Times are medians {clock}")
    };
    about.push(about_copy(None));
    let measured = rows(&gpu, &stopwatch, arguments, &about, before)?;
    let after = copy::best_rate(&gpu, &stopwatch);
    about.pop();
    about.push(about_copy(Some(after)));
    about.extend(measured.left_out);
    let copy = before.max(after);
    table::write(&arguments.out, &about, &measured.rows, copy)?;
    chart::shares(&arguments.out.join("results.svg"), &about, &measured.rows, copy)?;
    if arguments.cost || arguments.test {
        cost::report(&gpu, &stopwatch, arguments, &about)?;
    }
    measured.wrong.map_or(Ok(()), Err)
}

/// The measurements.
#[derive(Default)]
struct Measured {
    rows: Vec<Row>,
    /// A line for each case that was left out.
    left_out: Vec<String>,
    /// The first wrong result, with `--keep-going`.
    wrong: Option<Box<dyn Error>>,
}

/// Measures the cases. Writes the table and the inputs after each case.
fn rows(
    gpu: &Gpu,
    stopwatch: &Stopwatch,
    arguments: &Arguments,
    about: &[String],
    copy: f64,
) -> Result<Measured, Box<dyn Error>> {
    let (smaller, effort) = match (arguments.test, arguments.quick) {
        (true, _) => (TEST, Effort::ONCE),
        (_, true) => (QUICK, Effort::QUICK),
        _ => (1, Effort::FULL),
    };
    let mut inputs = arguments.inputs.then(|| Inputs::new(arguments.out.join("inputs"))).transpose()?;
    let cases: Vec<Case> = arguments.cases().iter().map(|case| case.scaled(1, smaller)).collect();
    // larger cases come last, so that after an early end the table has all others
    let larger: Vec<Case> = cases.iter().filter_map(|case| larger(gpu, smaller, case)).collect();
    let (mut measured, mut checked) = (Measured::default(), Checked::new());
    for case in cases.into_iter().chain(larger) {
        match measure(gpu, stopwatch, &case, effort, &mut checked) {
            Ok(row) => {
                println!("{}", row.line());
                match inputs.as_mut().map_or(Ok(()), |inputs| inputs.add(&row)) {
                    // the disk may be full
                    Err(why) if arguments.keep_going => {
                        measured.left_out.push(format!("left out: peers of {}: {why}", case.name()));
                    }
                    other => other?,
                }
                measured.rows.push(row);
                table::write(&arguments.out, about, &measured.rows, copy)?;
            }
            // a case too large for the adapter is left out
            Err(why) if lacks_room(&*why) => measured.left_out.push(format!("left out: {}: {why}", case.name())),
            Err(why) if arguments.keep_going => {
                println!("{why}");
                measured.left_out.push(format!("wrong: {why}"));
                measured.wrong.get_or_insert(why);
            }
            Err(why) => return Err(why),
        }
    }
    Ok(measured)
}

/// The case with a larger batch, if the GPU is discrete and memory traffic bounds the case.
fn larger(gpu: &Gpu, smaller: usize, case: &Case) -> Option<Case> {
    let discrete = gpu.device().adapter_info().device_type == wgpu::DeviceType::DiscreteGpu;
    let limit = (gpu.device().limits().max_storage_buffer_binding_size / 4) as usize;
    let grows = |case: &Case| {
        let problem = case.problem();
        problem.is_ok_and(|problem| matches!(problem.least, Least::Bytes(_)) && LARGER * problem.most() <= limit)
    };
    (discrete && smaller == 1 && grows(case)).then(|| case.scaled(LARGER, 1))
}

fn lacks_room(why: &(dyn Error + 'static)) -> bool {
    matches!(why.downcast_ref(), Some(wgloss::Error::TooLarge { .. } | wgloss::Error::OutOfMemory(_)))
}
