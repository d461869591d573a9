//! Measures each loss on the GPU, value alone and with its gradients, beside its CPU twin and a copy on the same
//! adapter.
//!
//! The results are checked before anything is timed. `cargo bench` measures and prints a table. In test mode everything
//! runs once, on small inputs.

use criterion::Criterion;
use std::error::Error;
use std::time::{Duration, Instant};
use wgloss::{Gpu, cpu};
use wgloss_bench::suite::case::{Case, Least};
use wgloss_bench::suite::ready::{Ready, check, submit};
use wgloss_bench::suite::stopwatch::Stopwatch;
use wgloss_bench::suite::{copy, list};

/// The factor by which the batches of the twin and of a test are smaller.
const SMALLER: usize = 64;

/// The most operations that the value of a case may take here. Criterion repeats runs often, so only the report measures
/// larger cases.
const FLOPS: f64 = 1e10;

/// The median times of a case.
struct Row {
    name: String,
    least: Least,
    /// The times of the value on the GPU, of the value with its gradients on the GPU, and of the value with its gradients
    /// on the twin, scaled up from the smaller batch. `None` if a filter left one of them out.
    times: Option<[Duration; 3]>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    // cargo bench always passes --bench, even if the user passes --test
    let measures = given("--bench") && !given("--test");
    let gpu = Gpu::new()?;
    let stopwatch = Stopwatch::new(&gpu);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut rows = Vec::new();
    for case in list::cases() {
        let small = case.scaled(1, SMALLER);
        rows.extend(row(&mut criterion, &gpu, &stopwatch, if measures { &case } else { &small }, &small)?);
    }
    criterion.final_summary();
    if measures {
        report(&gpu, &stopwatch, &rows);
    }
    Ok(())
}

fn row(
    criterion: &mut Criterion,
    gpu: &Gpu,
    stopwatch: &Stopwatch,
    case: &Case,
    small: &Case,
) -> Result<Option<Row>, Box<dyn Error>> {
    let problem = case.problem()?;
    let (name, least) = (case.name(), problem.least);
    if matches!(least, Least::Flops([value, _]) if value > FLOPS) {
        return Ok(None);
    }
    check(gpu, &name, &problem)?;
    let ready = Ready::new(gpu, &problem)?;
    let mut on_gpu = |what, job| {
        measure(criterion, &format!("{name}/{what}"), || {
            stopwatch.time(|stamps| submit(gpu, job, stamps));
        })
    };
    let times = [on_gpu("value", &ready.value), on_gpu("gradients", &ready.gradients)];
    let small_problem = small.problem()?;
    let of = small_problem.differentiated();
    let twin = measure(criterion, &format!("{}/twin", small.name()), || {
        let _ = std::hint::black_box(cpu::gradient_list(&small_problem.term, &of));
    });
    let times = match (times, twin) {
        ([Some(value), Some(gradients)], Some(twin)) => {
            // the rate of a run of one second is proportional to its work, so this is the ratio of the two cases' work
            let more = least.rate(true, 1.0) / small_problem.least.rate(true, 1.0);
            Some([value, gradients, twin.mul_f64(more)])
        }
        _ => None,
    };
    Ok(Some(Row { name, least, times }))
}

/// Lets Criterion measure and report `work`. Returns the median time, or `None` if Criterion's filter left it out.
fn measure(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) -> Option<Duration> {
    let mut times = Vec::new();
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                let once = Instant::now();
                work();
                times.push(once.elapsed());
            }
            start.elapsed()
        });
    });
    times.sort();
    times.get(times.len() / 2).copied()
}

/// Prints the table. Rates count the least work that a case needs. Rates of memory traffic are also given as shares of the
/// best copy's rate.
fn report(gpu: &Gpu, stopwatch: &Stopwatch, rows: &[Row]) {
    let copy = copy::best_rate(gpu, stopwatch, copy::BYTES);
    let info = gpu.device().adapter_info();
    println!("\n{} ({}, {} {})", info.name, info.backend, info.driver, info.driver_info);
    println!("copy: {:.1} GB/s read and written. Rates are of the least traffic.", copy / 1e9);
    println!("twin: value and gradients in f64 on one thread, a batch {SMALLER} times smaller, scaled up.\n");
    println!("| case | value ms | rate | of copy | with gradients ms | rate | of copy | twin ms |");
    println!("|---|---|---|---|---|---|---|---|");
    for Row { name, least, times } in rows {
        let Some([value, gradients, twin]) = times else { continue };
        let cells = [(false, value), (true, gradients)].map(|(gradients, time)| {
            let seconds = time.as_secs_f64();
            let share = least.share(gradients, seconds, copy).map(|share| format!("{:.0} %", 100.0 * share));
            let rate = format!("{:.2} {}", least.rate(gradients, seconds), least.unit());
            format!("{:.1} | {rate} | {}", seconds * 1e3, share.unwrap_or_default())
        });
        println!("| {name} | {} | {} | {:.0} |", cells[0], cells[1], twin.as_secs_f64() * 1e3);
    }
}
