//! Shards of a batch. They need nothing of each other, since their sums and gradients add up.

use crate::case::Case;
use crate::judge::{Given, close};
use crate::pieces::{join, ranges, slice};
use wgloss::{Array, Error, Gpu, Term, cpu};

/// Adds up the values, gradients, sums and denominators of a batch's shards, and compares them with those of the whole batch.
pub fn adds_up(gpu: &Gpu, case: &Case) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (loss, whole) = (case.loss(), case.inputs());
    let shared = |name: &str| loss.header().operand(name).unwrap().role.is_shared();
    let shards: Vec<_> = ranges(&[1, 6, 2])
        .iter()
        .map(|range| {
            let mut shard = case.inputs();
            for (_, array) in shard.operands.iter_mut().filter(|(name, _)| !shared(name)) {
                *array = slice(array, 0, range);
            }
            shard
        })
        .collect();
    let want =
        cpu::gradient_list(&case.term(&whole), &case.differentiated(&whole)).map(Given::by_twin).map_err(text)?;
    let parts = |term: &Term<Array>| gpu.value(term)?.parts().wait();
    let mut own = Vec::new();
    for shard in &shards {
        own.push(parts(&case.term(shard)).map_err(text)?);
    }
    // each part's sums and denominators add up to the whole's
    let total = |k: usize, of: fn(&wgloss::PartOutcome) -> f64| own.iter().map(|parts| of(&parts[k])).sum::<f64>();
    let mut denominators = Vec::new();
    for (k, part) in want.parts.iter().enumerate() {
        close(&[total(k, |part| part.sum)], &[part.sum]).map_err(|e| format!("sum of {}: {e}", part.name))?;
        close(&[total(k, |part| part.denominator)], &[part.denominator]).map_err(|e| format!("denominator: {e}"))?;
        denominators.push(part.denominator);
    }
    if denominators.iter().any(|denominator| *denominator != denominators[0]) {
        return Ok(());
    }
    let (mut value, mut of_shards) = (0.0, Vec::new());
    for shard in &shards {
        let term = case.term(shard).divide_by(denominators[0] as f32);
        let (outcome, gradients) = gpu.gradient_list(&term, &case.differentiated(shard)).map_err(text)?;
        value += f64::from(outcome.loss().wait().map_err(text)?);
        let read = gradients.iter().map(|gradient| gradient.read().wait());
        of_shards.push(read.collect::<Result<Vec<Array>, _>>().map_err(text)?);
    }
    // the parts have been compared, and a shard has no tensor of the whole
    let mut got = Given { loss: Some(value), gradients: Vec::new(), ..want.clone() };
    let specs = case.given().filter(|spec| spec.gradient);
    for (k, (spec, want)) in specs.zip(&want.gradients).enumerate() {
        let of_spec: Vec<Array> = of_shards.iter().map(|gradients| gradients[k].clone()).collect();
        got.gradients.push(match shared(spec.name) {
            true => {
                let sum =
                    of_spec.iter().map(Array::to_f64).reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
                Array::new(&sum.unwrap(), want.shape()).unwrap()
            }
            false => join(&of_spec, 0),
        });
    }
    case.judge(&whole, &got, &want)
}
