//! Each loss on the GPU, value alone and with its gradient, beside its CPU twin and a copy on the same adapter.
//!
//! The answers are checked before anything is timed. `cargo bench` measures and prints the table; as a test, on small inputs,
//! everything runs once.

mod cases;
mod copy;

use cases::{Case, cases};
use criterion::Criterion;
use std::error::Error;
use std::time::{Duration, Instant};
use wgloss::{Gpu, Gradient, Job, Operand, Outputs, cpu, wgpu};

/// How much smaller the twin's batch is, and that of a test.
const SMALLER: usize = 64;

/// A case's median times.
struct Row {
    name: String,
    least: [f64; 2],
    /// The value, and the value with the gradient, on the GPU; then both on the twin, scaled up from its smaller batch.
    /// Nothing where a filter left one of them out.
    times: Option<[Duration; 3]>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let asked = |name: &str| std::env::args().any(|argument| argument == name);
    // cargo bench says --bench itself, also where the rest of the line asks for a test
    let measures = asked("--bench") && !asked("--test");
    let gpu = Gpu::new()?;
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let twins = cases(SMALLER)?;
    let real = if measures { cases(1)? } else { cases(SMALLER)? };
    let mut rows = Vec::new();
    for (case, small) in real.iter().zip(&twins) {
        rows.push(row(&mut criterion, &gpu, case, small)?);
    }
    criterion.final_summary();
    if measures {
        report(&gpu, &rows);
    }
    Ok(())
}

fn row(criterion: &mut Criterion, gpu: &Gpu, case: &Case, small: &Case) -> Result<Row, Box<dyn Error>> {
    check(gpu, case)?;
    let input = gpu.upload_array(&case.input)?;
    let term =
        case.term.map(|array| if array.is(&case.input) { Ok(input.clone()) } else { gpu.upload_array(array) })?;
    let value = gpu.prepare(&term, &Outputs::default())?;
    let value_time = measure(criterion, &format!("{}/value", case.name), || run(gpu, &value));
    let into = gpu.empty(input.shape())?;
    let outputs = Outputs { gradients: vec![Gradient::store(&input, &into)], ..Outputs::default() };
    let both = gpu.prepare(&term, &outputs)?;
    let both_time = measure(criterion, &format!("{}/gradient", case.name), || run(gpu, &both));
    let twin = measure(criterion, &format!("{}/twin", small.name), || {
        let _ = std::hint::black_box(cpu::gradients(&small.term, [&small.input]));
    });
    let times = match (value_time, both_time, twin) {
        (Some(value), Some(both), Some(twin)) => {
            Some([value, both, twin.mul_f64(case.input.len() as f64 / small.input.len() as f64)])
        }
        _ => None,
    };
    Ok(Row { name: case.name.clone(), least: case.least, times })
}

/// A wrong answer is not worth a measurement.
fn check(gpu: &Gpu, case: &Case) -> Result<(), Box<dyn Error>> {
    let (twin, [want]) = cpu::gradients(&case.term, [&case.input])?;
    let (ours, [got]) = gpu.gradients(&case.term, [&case.input])?;
    let (ours, twin) = (f64::from(ours.loss().wait()?), twin.loss()?);
    // f32 sums in trees: the error of a long sum stays near that of its terms, the gradients are a few roundings off
    assert!((ours - twin).abs() <= 1e-5 * twin.abs(), "{}: the loss is {ours}, the twin's {twin}", case.name);
    let (got, want) = (got.read().wait()?.to_f64(), want.to_f64());
    let most = want.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    let worst = got.iter().zip(&want).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max);
    assert!(worst <= 1e-5 * most, "{}: a gradient is off by {worst}, the greatest is {most}", case.name);
    Ok(())
}

/// Runs a job to its end.
fn run(gpu: &Gpu, job: &Job) {
    let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    job.encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
    gpu.queue().submit([encoder.finish()]);
    let _ = gpu.device().poll(wgpu::PollType::wait_indefinitely());
}

/// The median time of a piece of work, which Criterion measures and reports where its filter lets it through.
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

/// The table: rates of least traffic, as shares of the best copy.
fn report(gpu: &Gpu, rows: &[Row]) {
    let copy = copy::best_rate(gpu);
    let info = gpu.device().adapter_info();
    println!("\n{} ({}, {} {})", info.name, info.backend, info.driver, info.driver_info);
    println!("copy: {:.1} GB/s read and written. Rates are of the least traffic.", copy / 1e9);
    println!("twin: value and gradient in f64 on one thread, a batch {SMALLER} times smaller, scaled up.\n");
    println!("| case | value ms | GB/s | of copy | with gradient ms | GB/s | of copy | twin ms |");
    println!("|---|---|---|---|---|---|---|---|");
    for Row { name, least, times } in rows {
        let Some([value, both, twin]) = times else { continue };
        let cells = [(least[0], value), (least[1], both)].map(|(bytes, time)| {
            let rate = bytes / time.as_secs_f64();
            format!("{:.1} | {:.2} | {:.0} %", time.as_secs_f64() * 1e3, rate / 1e9, 100.0 * rate / copy)
        });
        println!("| {name} | {} | {} | {:.0} |", cells[0], cells[1], twin.as_secs_f64() * 1e3);
    }
}
