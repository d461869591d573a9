//! The report that `cargo xtask bench` asks for: every case at its real size, as a table, a chart and the inputs of peers.
//!
//! Everything goes to the folder that `--out` names; without one nothing is measured, so that `cargo bench` runs Criterion
//! alone. As a test, all of it is done once on small inputs.

mod arguments;
mod chart;
mod cost;
mod inputs;
mod measure;
#[path = "../suite/mod.rs"]
mod suite;
mod table;

use arguments::Arguments;
use measure::{Effort, measure};
use std::error::Error;
use std::process::ExitCode;
use suite::case::{Case, Least};
use suite::stopwatch::Stopwatch;
use suite::{copy, list};
use wgloss::{Gpu, wgpu};

/// How much smaller batches are under `--quick`, and as a test.
const QUICK: usize = 8;
const TEST: usize = 64;

/// How much larger the batches are that a GPU with memory of its own measures too.
const LARGER: usize = 8;

fn main() -> ExitCode {
    let ended = Arguments::parse(std::env::args().skip(1)).map_err(Into::into).and_then(|arguments| match arguments {
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
    let mut cases = list::cases();
    cases.retain(|case| arguments.asks_for(case.loss));
    std::fs::create_dir_all(&arguments.out)?;
    let gpu = Gpu::new()?;
    let stopwatch = Stopwatch::new(&gpu);
    let info = gpu.device().adapter_info();
    let mut about = vec![
        format!("{} ({:?}, {}, {} {})", info.name, info.device_type, info.backend, info.driver, info.driver_info),
        arguments.about.clone(),
    ];
    if arguments.cost || arguments.test {
        cost::report(&gpu, &stopwatch, arguments, &about)?;
    }
    if arguments.cost {
        return Ok(());
    }

    let (smaller, effort) = match (arguments.test, arguments.quick) {
        (true, _) => (TEST, Effort::ONCE),
        (_, true) => (QUICK, Effort::QUICK),
        _ => (1, Effort::FULL),
    };
    let before = copy::best_rate(&gpu, &stopwatch);
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for case in cases.iter().map(|case| case.scaled(1, smaller)).flat_map(|case| sizes(&gpu, smaller, case)) {
        match measure(&gpu, &stopwatch, &case, effort) {
            Ok(row) => {
                println!("{}", row.line());
                rows.push(row);
            }
            // what an adapter has no room for says nothing against the others
            Err(why) if lacks_room(&*why) => left_out.push(format!("left out: {}: {why}", case.name())),
            Err(why) => return Err(why),
        }
    }
    let after = copy::best_rate(&gpu, &stopwatch);
    let copy = before.max(after);
    let clock = if stopwatch.has_clock() { "of timestamps on the GPU" } else { "of the wall: the GPU keeps no time" };
    about.push(format!(
        "copy: {:.1} GB/s before, {:.1} GB/s after; shares are of the better. Times are medians, {clock}",
        before / 1e9,
        after / 1e9
    ));
    about.extend(left_out);
    table::write(&arguments.out, &about, &rows, copy)?;
    chart::shares(&arguments.out.join("results.svg"), &about, &rows, copy)?;
    if arguments.inputs {
        inputs::write(&arguments.out.join("inputs"), &rows)?;
    }
    Ok(())
}

/// A case, and where a GPU has memory of its own the same of a larger batch, if memory is what bounds it.
fn sizes(gpu: &Gpu, smaller: usize, case: Case) -> Vec<Case> {
    let discrete = gpu.device().adapter_info().device_type == wgpu::DeviceType::DiscreteGpu;
    let limit = (gpu.device().limits().max_storage_buffer_binding_size / 4) as usize;
    let grows = |case: &Case| {
        let problem = case.problem();
        problem.is_ok_and(|problem| matches!(problem.least, Least::Bytes(_)) && LARGER * problem.most() <= limit)
    };
    let larger = (discrete && smaller == 1 && grows(&case)).then(|| case.scaled(LARGER, 1));
    [case].into_iter().chain(larger).collect()
}

fn lacks_room(why: &(dyn Error + 'static)) -> bool {
    matches!(why.downcast_ref(), Some(wgloss::Error::TooLarge { .. } | wgloss::Error::OutOfMemory(_)))
}
