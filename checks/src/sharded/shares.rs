//! Shards of a projection's classes, or of keys. Each has its own classes or keys, and all rows.

use crate::judge::{close, same};
use crate::pieces::{added, join, stack};
use wgloss::{Array, Error, Gpu, Term, cpu};

/// A shard of a call, and its own arrays of the operands to differentiate: `None` for an operand that it does not have.
pub struct Share {
    pub term: Term<Array>,
    pub of: Vec<Option<Array>>,
}

/// How the gradients of shards make up that of the whole call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comes {
    /// They follow each other along axis 0.
    Joined,
    /// They add up.
    Added,
}

/// Compares shards of a projection's classes, or of keys, with the whole call. Each shard has some operands to itself,
/// and has the others in common with all shards. Every shard's value is that of the whole call.
pub fn shares(gpu: &Gpu, whole: &Term<Array>, of: &[&Array], comes: &[Comes], shards: &[Share]) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (outcome, want) = cpu::gradient_list(whole, of).map_err(text)?;
    let by_twin = shards.iter().map(|shard| cpu::statistics(&shard.term));
    let by_twin: Vec<Array> = by_twin.collect::<Result<_, _>>().map_err(text)?;
    let by_gpu = shards.iter().map(|shard| gpu.statistics(&shard.term)?.read().wait());
    let by_gpu: Vec<Array> = by_gpu.collect::<Result<_, _>>().map_err(text)?;
    for (name, all) in [("the twin's", stack(&by_twin)), ("the GPU's", stack(&by_gpu))] {
        for on_gpu in [false, true] {
            let what = format!("{name} statistics, {}", if on_gpu { "GPU" } else { "twin" });
            let mut gradients: Vec<Vec<Array>> = vec![Vec::new(); of.len()];
            for shard in shards {
                let term = shard.term.clone().among(&all);
                let own: Vec<&Array> = shard.of.iter().flatten().collect();
                let (value, got) = match on_gpu {
                    false => cpu::gradient_list(&term, &own).map(|(out, d)| (out.tensor().clone(), d)).map_err(text)?,
                    true => {
                        let (out, d) = gpu.gradient_list(&term, &own).map_err(text)?;
                        let read = d.iter().map(|d| d.read().wait()).collect::<Result<Vec<_>, _>>().map_err(text)?;
                        (out.tensor().read().wait().map_err(text)?, read)
                    }
                };
                close(&value.to_f64(), &outcome.tensor().to_f64()).map_err(|e| format!("{what}: {e}"))?;
                let mut got = got.into_iter();
                let places = shard.of.iter().enumerate().filter(|(_, operand)| operand.is_some());
                places.for_each(|(k, _)| gradients[k].extend(got.next()));
            }
            for (k, (want, gradients)) in want.iter().zip(&gradients).enumerate() {
                let got = if comes[k] == Comes::Joined { join(gradients, 0) } else { added(gradients) };
                same(&got, want).map_err(|e| format!("{what}, gradient {k}: {e}"))?;
            }
        }
    }
    Ok(())
}
