//! `wgloss verify --accuracy`: prints the greatest relative error of each loss on the GPU, over inputs for which f32 may lose
//! digits.

use crate::failure::Failure;
use std::io::Write;
use wgloss::Gpu;
use wgloss_checks::regimes::{DIGITS, Draw, LOSES, Regime, Row, error};

/// Prints a line for each loss. Fails if one loses more digits than it may.
pub fn run(losses: &[String], out: &mut impl Write) -> Result<(), Failure> {
    let gpu = Gpu::new()?;
    let mut failed = false;
    writeln!(out, "the greatest relative error beside the CPU twin, element by element")?;
    for row in Row::all().into_iter().filter(|row| losses.is_empty() || losses.iter().any(|id| id == row.id)) {
        let mut worst = [0.0f64; 2];
        for regime in Regime::ALL {
            let [value, gradient] = off(&row.draw(regime), &gpu)?;
            worst = [worst[0].max(value), worst[1].max(gradient)];
        }
        let reason = LOSES.iter().find(|(name, ..)| *name == row.name);
        let loses = worst[0].max(worst[1]) > reason.map_or(DIGITS, |(_, most, _)| *most);
        let note = match (loses, reason) {
            (true, _) => "  TOO MUCH".into(),
            (false, Some((.., why))) => format!("  ({why})"),
            (false, None) => String::new(),
        };
        writeln!(out, "{:<52} value {:.0e}  gradient {:.0e}{note}", row.name, worst[0], worst[1])?;
        out.flush()?;
        failed |= loses;
    }
    if failed { Err(Failure::Failed) } else { Ok(()) }
}

/// The greatest relative errors of a draw's values and of its gradients.
fn off(draw: &Draw, gpu: &Gpu) -> Result<[f64; 2], Failure> {
    let (want, want_gradients) = draw.by_twin()?;
    let (got, gradients) = draw.by_gpu(gpu)?;
    let greatest =
        |got: &[f64], want: &[f64]| got.iter().zip(want).map(|(got, want)| error(*got, *want)).fold(0.0, f64::max);
    let of_gradients = gradients.iter().zip(&want_gradients).map(|(got, want)| greatest(got, want)).fold(0.0, f64::max);
    Ok([greatest(&got, &want), of_gradients])
}
