//! Measures what observations add to the time of a loss: each case with and without them, in turns. The answers are checked
//! before anything is timed.
//!
//! `cargo bench --bench observations` prints a table; in test mode each case runs once, on small inputs.

use std::error::Error;
use std::time::Duration;
use wgloss::Observation::{Accuracy, Entropy, Iou, Perplexity, Precision, Recall, TopK};
use wgloss::{Gpu, Observation, cpu};
use wgloss_bench::suite::case::{Case, Problem};
use wgloss_bench::suite::list::cases;
use wgloss_bench::suite::ready::{Ready, check, submit};
use wgloss_bench::suite::stopwatch::Stopwatch;

/// The cases, by name, and what is observed.
const OBSERVED: [(&str, &[Observation]); 8] = [
    ("cross_entropy 8x21x256x256", &[Accuracy]),
    ("cross_entropy 8x21x256x256", &[Accuracy, TopK(5), Entropy, Perplexity]),
    ("cross_entropy 512x32000", &[Accuracy]),
    ("cross_entropy 512x32000", &[Accuracy, TopK(5), Entropy, Perplexity]),
    ("sigmoid_focal 131072x80", &[Accuracy]),
    ("dice 8x21x256x256", &[Iou, Precision, Recall]),
    ("dice_cross_entropy 8x21x256x256", &[Iou, Precision, Recall]),
    ("linear_cross_entropy 1024x512x8192", &[Accuracy, TopK(5), Entropy, Perplexity]),
];

/// How often each case is measured, with and without observations.
const ROUNDS: usize = 9;

/// The most elements that an operand has in the check against the twin.
const CHECKED: usize = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let measures = std::env::args().any(|argument| argument == "--bench");
    let gpu = Gpu::new()?;
    let stopwatch = Stopwatch::new(&gpu);
    println!("| loss | observed | value | with gradients |\n|---|---|--:|--:|");
    for (name, observations) in OBSERVED {
        let case = cases().into_iter().find(|case| case.name() == name);
        let case = case.ok_or_else(|| format!("OBSERVED names `{name}`, and there is no such case"))?;
        check_small(&gpu, &case, observations)?;
        if !measures {
            continue;
        }
        let plain = Ready::new(&gpu, &case.problem()?)?;
        let observed = Ready::new(&gpu, &observing(case.problem()?, observations))?;
        let ratio = |plain, observed| {
            let mut times: [Vec<Duration>; 2] = Default::default();
            for round in 0..=ROUNDS {
                for (times, job) in times.iter_mut().zip([plain, observed]) {
                    let lap = stopwatch.time(|stamps| submit(&gpu, job, stamps));
                    // the first round warms up
                    if round > 0 {
                        times.push(lap.gpu_or_wall());
                    }
                }
            }
            let [plain, observed] = times.map(|mut times| {
                times.sort();
                times[ROUNDS / 2].as_secs_f64()
            });
            format!("{:+.1} %", 100.0 * (observed / plain - 1.0))
        };
        let names: Vec<String> = observations.iter().map(|observation| observation.name()).collect();
        let value = ratio(&plain.value, &observed.value);
        let gradients = ratio(&plain.gradients, &observed.gradients);
        println!("| {name} | {} | {value} | {gradients} |", names.join(", "));
    }
    Ok(())
}

fn observing(mut problem: Problem, observations: &[Observation]) -> Problem {
    problem.term = observations.iter().fold(problem.term, |term, observation| term.observe(*observation));
    problem
}

/// Compares the loss, the gradients and the observations of a small batch with the twin's.
fn check_small(gpu: &Gpu, case: &Case, observations: &[Observation]) -> Result<(), Box<dyn Error>> {
    let smaller = case.problem()?.smaller_by(CHECKED);
    let problem = observing(case.scaled(1, smaller).problem()?, observations);
    check(gpu, &case.name(), &problem)?;
    let (got, want) = (gpu.value(&problem.term)?.parts().wait()?, cpu::value(&problem.term)?);
    for (got, want) in got.iter().zip(want.parts()) {
        if (got.sum - want.sum).abs() > 1e-5 * want.sum.abs() || got.denominator != want.denominator {
            return Err(format!("{}: {got:?}, the twin has {want:?}", case.name()).into());
        }
    }
    Ok(())
}
