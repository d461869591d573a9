//! Two real trainings, each compared with the same network under Burn's own loss: the score on held-out data, the time of a
//! step and the memory, with three seeds. Prints a table.
//!
//! `cargo run --example trainings`. `-- digits` or `-- segmentation` runs only one of them;
//! `-- digits "smoothed cross-entropy + multi-class margin"` runs only one row, with Burn's dashboard in a terminal.

mod dashboard;
mod data;
mod digits;
mod segmentation;

use burn::tensor::{Device, Tensor};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A result with any error.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SEEDS: [u64; 3] = [1, 2, 3];

/// A row of the table: a training with one loss.
struct Row {
    training: &'static str,
    loss: &'static str,
    run: fn(&str, u64, &Device) -> Result<Trained>,
}

/// The result of a training.
struct Trained {
    /// The accuracy or the intersection over union, on held-out data.
    score: f64,
    /// The milliseconds of each step.
    steps: Vec<f64>,
}

const ROWS: [Row; 5] = [
    Row { training: "digits", loss: digits::BURN, run: digits::train },
    Row { training: "digits", loss: digits::OURS, run: digits::train },
    Row { training: "digits", loss: digits::SUM, run: digits::train },
    Row { training: "segmentation", loss: segmentation::BURN, run: segmentation::train },
    Row { training: "segmentation", loss: segmentation::SUM, run: segmentation::train },
];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match &words[..] {
        [training, loss] => child(training, loss),
        _ => {
            let wanted = |row: &&Row| words.first().is_none_or(|word| word == row.training);
            table(&ROWS.iter().filter(wanted).collect::<Vec<_>>())
        }
    }
}

/// Runs each row in its own process, so that the memory is that of one loss.
fn table(rows: &[&Row]) -> Result<()> {
    println!(
        "| training | loss | seeds: held-out score | mean | ms a step | MiB reserved |\n|---|---|---|--:|--:|--:|"
    );
    let mut means = Vec::new();
    for row in rows {
        let mut program = Command::new(std::env::current_exe()?);
        let ended = program.args([row.training, row.loss]).stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8(ended.stdout)?;
        let line = text.lines().last().filter(|_| ended.status.success());
        let line = line.ok_or_else(|| format!("{} with {} failed", row.training, row.loss))?;
        let cells: Vec<&str> = line.split(',').collect();
        let [scores @ .., ms, mib] = &cells[..] else { return Err("a line has at least two cells".into()) };
        let mean =
            scores.iter().map(|score| score.parse::<f64>()).sum::<std::result::Result<f64, _>>()? / scores.len() as f64;
        println!("| {} | {} | {} | {mean:.3} | {ms} | {mib} |", row.training, row.loss, scores.join(", "));
        means.push((row, mean));
    }
    for (row, mean) in means {
        // guessing finds a tenth of the digits; to call every pixel a coin gives an IoU of 0.4
        assert!(
            mean > if row.training == "digits" { 0.85 } else { 0.6 },
            "{} with {} learns: {mean}",
            row.training,
            row.loss
        );
    }
    Ok(())
}

/// Runs a row with every seed, and prints its scores, the time of a step, and the memory. The time is the tenth percentile,
/// since other work on the machine can only add to it.
fn child(training: &str, loss: &str) -> Result<()> {
    let row = ROWS.iter().find(|row| row.training == training && row.loss == loss).ok_or("no such row")?;
    let device = wgloss_burn::init(Device::wgpu_options())?.autodiff();
    let (mut scores, mut steps) = (Vec::new(), Vec::new());
    for seed in SEEDS {
        device.seed(seed);
        let trained = (row.run)(loss, seed, &device)?;
        scores.push(format!("{:.3}", trained.score));
        // the first steps compile kernels
        steps.extend_from_slice(&trained.steps[5..]);
    }
    steps.sort_by(f64::total_cmp);
    let reserved = device.memory_pool_usage().ok_or("the device counts its memory")?.bytes_reserved;
    println!("{},{:.1},{}", scores.join(","), steps[steps.len() / 10], reserved >> 20);
    Ok(())
}

/// Times a step, up to the end of its work on the device.
fn timed(device: &Device, times: &mut Vec<f64>, step: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    step()?;
    device.sync().map_err(|error| format!("{error:?}"))?;
    times.push(1e3 * start.elapsed().as_secs_f64());
    Ok(())
}

/// The class with the greatest logit of each row, or of each pixel.
fn classes<const D: usize>(logits: Tensor<D>) -> Result<Vec<i64>> {
    let data = logits.argmax(1).try_into_data().map_err(|error| format!("{error:?}"))?;
    Ok(data.iter::<i64>().collect())
}
