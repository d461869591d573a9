//! The report: measures every case at its real size, and writes a table, charts and the inputs for peers. It also joins the
//! results of several runs into one table. `cargo xtask bench` and `wgloss bench` make it.

mod arguments;
mod chart;
mod cost;
mod inputs;
mod measure;
mod merge;
mod peers;
mod table;
mod tuned;

pub use arguments::Arguments;
pub use measure::{Row, Times};
pub use merge::merge;
pub use peers::pytorch;
pub use tuned::{is_tuned, run_tuned};

use crate::suite::case::{Case, Least};
use crate::suite::stopwatch::Stopwatch;
use crate::suite::{copy, list};
use inputs::Inputs;
use measure::{Checked, Effort, measure};
use std::error::Error;
use std::io::Write;
use wgloss::{Gpu, wgpu};

/// The factors by which batches are smaller with `--quick`, and in a test.
const QUICK: usize = 8;
const TEST: usize = 64;

/// The bytes that a test copies.
const TEST_BYTES: u64 = 1 << 22;

/// The factor by which the additional batches for a discrete GPU are larger.
const LARGER: usize = 8;

/// The measurements of a run.
pub struct Report {
    /// Lines about the adapter, the versions and the copy, and a line for each case that was left out.
    pub about: Vec<String>,
    /// A row for each case.
    pub rows: Vec<Row>,
    /// The best copy, in bytes read and written per second.
    pub copy: f64,
    /// Whether the adapter is a discrete GPU.
    pub is_discrete: bool,
    /// Whether the adapter is llvmpipe, Mesa's driver for CPUs, which the tuned environment makes faster.
    pub is_llvmpipe: bool,
    /// The first wrong result or other error of a case, if `keep_going` let the run continue.
    pub wrong: Option<Box<dyn Error>>,
}

/// Measures, writes the table and the charts to the folder of the arguments, and prints a line for each case.
///
/// # Errors
/// A wrong result, a device that fails, a file that can't be written.
pub fn report(arguments: &Arguments, out: &mut dyn Write) -> Result<Report, Box<dyn Error>> {
    let gpu = Gpu::new()?;
    std::fs::create_dir_all(&arguments.out)?;
    let stopwatch = Stopwatch::new(&gpu);
    let info = gpu.device().adapter_info();
    let mut about = vec![
        format!("{} ({:?}, {}, {} {})", info.name, info.device_type, info.backend, info.driver, info.driver_info),
        arguments.about.clone(),
    ];
    about.extend(tuned::named());
    if arguments.test {
        merge::test(&arguments.out)?;
        // panics if the list names a case that does not exist
        list::headline();
    }

    writeln!(out, "{}", about[0])?;
    if info.device_type == wgpu::DeviceType::Cpu {
        writeln!(out, "This adapter is software: times say how much work a loss is, not how fast a GPU is.")?;
    }
    let bytes = if arguments.test { TEST_BYTES } else { copy::BYTES };
    let mebibytes = bytes >> 20;
    writeln!(
        out,
        "Measures a copy of {mebibytes} MiB in several ways, then {} cases with their larger batches, then the copy again. A \
         line appears when a case is done.",
        arguments.cases().len()
    )?;
    out.flush()?;
    let before = copy::best_rate(&gpu, &stopwatch, bytes);
    let clock =
        if stopwatch.has_clock() { "of timestamps on the GPU" } else { "of wall times: there are no timestamps" };
    let about_copy = |after: Option<f64>| {
        let after = after.map_or("not measured".into(), |after| format!("{:.1} GB/s", after / 1e9));
        let before = before / 1e9;
        format!("copy: {before:.1} GB/s before, {after} after; shares are of the faster. Times are medians {clock}")
    };
    about.push(about_copy(None));
    let Measured { rows, left_out, wrong } = rows(&gpu, &stopwatch, arguments, &about, before, out)?;
    let after = copy::best_rate(&gpu, &stopwatch, bytes);
    about.pop();
    about.push(about_copy(Some(after)));
    about.extend(left_out);
    let copy = before.max(after);
    table::write(&arguments.out, &about, &rows, copy)?;
    chart::shares(&arguments.out.join("results.svg"), &about, &rows, copy)?;
    if arguments.cost {
        cost::report(&gpu, &stopwatch, arguments, &about, out)?;
    }
    Ok(Report {
        about,
        rows,
        copy,
        is_discrete: info.device_type == wgpu::DeviceType::DiscreteGpu,
        is_llvmpipe: info.driver == "llvmpipe",
        wrong,
    })
}

/// The measured cases.
#[derive(Default)]
struct Measured {
    rows: Vec<Row>,
    /// A line for each case that was left out.
    left_out: Vec<String>,
    /// The first wrong result or other error of a case, with `--keep-going`.
    wrong: Option<Box<dyn Error>>,
}

/// Measures the cases. Writes the table and the inputs after each case.
fn rows(
    gpu: &Gpu,
    stopwatch: &Stopwatch,
    arguments: &Arguments,
    about: &[String],
    copy: f64,
    out: &mut dyn Write,
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
                writeln!(out, "{}", row.line())?;
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
            Err(why) if is_too_large(&*why) => measured.left_out.push(format!("left out: {}: {why}", case.name())),
            Err(why) if arguments.keep_going => {
                writeln!(out, "{why}")?;
                measured.left_out.push(format!("wrong: {why}"));
                measured.wrong.get_or_insert(why);
            }
            Err(why) => return Err(why),
        }
    }
    Ok(measured)
}

/// The case with a larger batch, if the GPU is discrete, batches have their real size, memory traffic bounds the case, and its
/// largest operand then still fits a binding.
fn larger(gpu: &Gpu, smaller: usize, case: &Case) -> Option<Case> {
    let discrete = gpu.device().adapter_info().device_type == wgpu::DeviceType::DiscreteGpu;
    let limit = (gpu.device().limits().max_storage_buffer_binding_size / 4) as usize;
    let grows = |case: &Case| {
        let problem = case.problem();
        problem.is_ok_and(|problem| {
            matches!(problem.least, Least::Bytes(_)) && LARGER * problem.largest_operand() <= limit
        })
    };
    (discrete && smaller == 1 && grows(case)).then(|| case.scaled(LARGER, 1))
}

fn is_too_large(why: &(dyn Error + 'static)) -> bool {
    matches!(why.downcast_ref(), Some(wgloss::Error::TooLarge { .. } | wgloss::Error::OutOfMemory(_)))
}
