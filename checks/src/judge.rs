//! Compares the results of the GPU with those of the twin.

use wgloss::{Array, DType, Error, Gpu, Outcome, PartOutcome, Term, ToGpu, cpu};

/// The conformance cases' own tolerance, relative to the greatest entry. f32 arithmetic with sums in trees stays within
/// 1e-6 of f64; the rest is room for `exp` and `log` of drivers, which are off by up to 17 units in the last place (2e-6).
pub const RTOL: f64 = 1e-5;

/// The absolute tolerance, which decides where all expected numbers are 0.
pub const ATOL: f64 = 1e-7;

/// The result of a call: on the GPU, read back, or on the CPU.
#[derive(Clone, Debug)]
pub struct Given {
    /// The loss, where the call reduces it.
    pub loss: Option<f64>,
    pub tensor: Array,
    pub parts: Vec<PartOutcome>,
    pub gradients: Vec<Array>,
    /// The observations that have a number for each position.
    pub observed: Vec<Array>,
}

impl Given {
    /// The twin's result.
    pub fn by_twin((outcome, gradients): (cpu::Outcome, Vec<Array>)) -> Given {
        let (loss, tensor, parts) = (outcome.loss().ok(), outcome.tensor().clone(), outcome.parts().to_vec());
        let observed = outcome.observed().iter().map(|(_, array)| array.clone()).collect();
        Given { loss, tensor, parts, gradients, observed }
    }

    /// The GPU's result for a term.
    pub fn by_gpu<T: ToGpu>(gpu: &Gpu, term: &Term<T>, of: &[&T]) -> Result<Given, Error> {
        Given::by_outcome(&gpu.gradient_list(term, of)?.0)
    }

    /// The result of a run on the GPU.
    pub fn by_outcome(outcome: &Outcome) -> Result<Given, Error> {
        let loss = match outcome.loss().wait() {
            // the term is not reduced
            Err(Error::InvalidOption { .. }) => None,
            loss => Some(loss?.into()),
        };
        Ok(Given {
            loss,
            tensor: outcome.tensor().read().wait()?,
            parts: outcome.parts().wait()?,
            gradients: outcome.gradients().iter().map(|d| d.read().wait()).collect::<Result<_, _>>()?,
            observed: observed(outcome)?,
        })
    }

    /// Compares all results with those expected.
    pub fn judge(&self, want: &Given) -> Result<(), String> {
        self.judge_within(want, 1.0, &Room::default())
    }

    /// [`judge`](Self::judge), with `times` the tolerance, and with `room` added to it.
    pub fn judge_within(&self, want: &Given, times: f64, room: &Room) -> Result<(), String> {
        let numbers = |loss: Option<f64>| loss.into_iter().collect::<Vec<f64>>();
        within(&numbers(self.loss), &numbers(want.loss), times, |at, _| room.loss.get(at).copied().unwrap_or_default())
            .map_err(|e| format!("loss: {e}"))?;
        same_within(&self.tensor, &want.tensor, times, &room.tensor).map_err(|e| format!("tensor: {e}"))?;
        let unknown = want.tensor.to_f64().iter().any(|loss| loss.is_nan());
        parts(&self.parts, &want.parts, unknown, times, &room.sums)?;
        if self.gradients.len() != want.gradients.len() {
            return Err(format!("{} gradients, expected {}", self.gradients.len(), want.gradients.len()));
        }
        for (place, (got, want)) in self.gradients.iter().zip(&want.gradients).enumerate() {
            let room = room.gradients.get(place).map_or(&[][..], Vec::as_slice);
            same_within(got, want, times, room).map_err(|e| format!("gradient {place}: {e}"))?;
        }
        if self.observed.len() != want.observed.len() {
            return Err(format!("{} observed tensors, expected {}", self.observed.len(), want.observed.len()));
        }
        for (place, (got, want)) in self.observed.iter().zip(&want.observed).enumerate() {
            let room = room.observed.get(place).map_or(&[][..], Vec::as_slice);
            same_within(got, want, times, room).map_err(|e| format!("observed tensor {place}: {e}"))?;
        }
        Ok(())
    }
}

/// The observations of a run on the GPU that have a number for each position.
pub fn observed(outcome: &Outcome) -> Result<Vec<Array>, Error> {
    outcome.observed().iter().map(|(_, tensor)| tensor.read().wait()).collect()
}

/// How far each number of a call may be off in addition to the tolerance: 0 for a number that is not listed.
#[derive(Clone, Debug, Default)]
pub struct Room {
    loss: Vec<f64>,
    tensor: Vec<f64>,
    sums: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    observed: Vec<Vec<f64>>,
}

/// The most room of a number, relative to the greatest number of its array. At a discontinuity a rounding may move an
/// answer by any amount; room of that size would hide wrong answers.
const MOST_ROOM: f64 = 1e-3;

impl Room {
    /// Room of `times` the greatest distance of the answers of `others` from those of `call`, up to `MOST_ROOM`.
    pub fn around(call: &Given, others: &[Given], times: f64) -> Room {
        let of = |numbers: &dyn Fn(&Given) -> Vec<f64>| {
            let own = numbers(call);
            let most = MOST_ROOM * own.iter().filter(|x| x.is_finite()).fold(0.0f64, |most, x| most.max(x.abs()));
            let mut room = vec![0.0f64; own.len()];
            for other in others.iter().map(numbers) {
                for ((room, own), other) in room.iter_mut().zip(&own).zip(other) {
                    // `max` ignores a distance that is NaN
                    *room = room.max(times * (own - other).abs()).min(most);
                }
            }
            room
        };
        Room {
            loss: of(&|given| given.loss.into_iter().collect()),
            tensor: of(&|given| given.tensor.to_f64()),
            sums: of(&|given| given.parts.iter().map(|part| part.sum).collect()),
            gradients: (0..call.gradients.len()).map(|k| of(&|given| given.gradients[k].to_f64())).collect(),
            observed: (0..call.observed.len()).map(|k| of(&|given| given.observed[k].to_f64())).collect(),
        }
    }
}

/// Whether two lists of parts are the same. Where the loss is `unknown`, being NaN, the sum of a part may be NaN too.
fn parts(got: &[PartOutcome], want: &[PartOutcome], unknown: bool, times: f64, room: &[f64]) -> Result<(), String> {
    if got.len() != want.len() {
        return Err(format!("{} parts, expected {}", got.len(), want.len()));
    }
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        if got.name != want.name {
            return Err(format!("a part is named {}, expected {}", got.name, want.name));
        }
        let sums = if unknown && got.sum.is_nan() { (0.0, 0.0) } else { (got.sum, want.sum) };
        let (denominators, weights) = ((got.denominator, want.denominator), (got.weight, want.weight));
        let room = room.get(place).copied().unwrap_or_default();
        let each = [("sum", sums, room), ("denominator", denominators, 0.0), ("weight", weights, 0.0)];
        for (what, (got, want), room) in each {
            within(&[got], &[want], times, |_, _| room).map_err(|e| format!("part {what}: {e}"))?;
        }
    }
    Ok(())
}

/// Whether two arrays have the same shape, and the same elements within the tolerance and the rounding of 16-bit storage.
pub fn same(got: &Array, want: &Array) -> Result<(), String> {
    same_within(got, want, 1.0, &[])
}

fn same_within(got: &Array, want: &Array, times: f64, room: &[f64]) -> Result<(), String> {
    if got.shape() != want.shape() {
        return Err(format!("shape {:?}, expected {:?}", got.shape(), want.shape()));
    }
    let dtype = got.dtype();
    // whole numbers are not rounded
    let times = if dtype.is_float() { times } else { 0.0 };
    let want: Vec<f64> = want.to_f64().into_iter().map(|number| stored(dtype, number)).collect();
    let room = |at: usize| room.get(at).copied().unwrap_or_default();
    within(&got.to_f64(), &want, times, |at, want| rounding(dtype, want) + room(at))
}

/// The least normal number of f32: a GPU may take 0 for what is smaller.
const LEAST_NORMAL: f64 = f32::MIN_POSITIVE as f64;

/// Rounds to infinity where a `dtype` of 16 bits does: from half a step above its greatest number. This number is 65504 in f16,
/// and 255·2^120 in bf16.
fn stored(dtype: DType, number: f64) -> f64 {
    let infinite = match dtype {
        DType::F16 => number.abs() >= 65520.0,
        DType::BF16 => number.abs() >= 511.0 * 2f64.powi(119),
        _ => false,
    };
    if infinite { number * f64::INFINITY } else { number }
}

/// How far a number may be off because it is stored in `dtype`: half a unit in its last place; in f32 only what a GPU
/// takes for 0.
fn rounding(dtype: DType, number: f64) -> f64 {
    match dtype {
        // f16 has 11 significant bits; subnormals are multiples of 2^-24
        DType::F16 => number.abs() * 2f64.powi(-11) + 2f64.powi(-25),
        DType::BF16 => number.abs() * 2f64.powi(-8) + LEAST_NORMAL,
        _ => LEAST_NORMAL,
    }
}

/// The conformance cases' rule: `max|got − want| ≤ rtol·M + min(atol, 1e-6·M)` with `M = max|want|` over what is
/// finite, or `≤ atol` where M is 0; NaN where NaN is wanted, infinities of the wanted sign.
pub fn close(got: &[f64], want: &[f64]) -> Result<(), String> {
    within(got, want, 1.0, |_, _| 0.0)
}

/// [`close`], with `times` the tolerance, and with room added to it: `room` gets the place and the expected number.
fn within(got: &[f64], want: &[f64], times: f64, room: impl Fn(usize, f64) -> f64) -> Result<(), String> {
    let most = want.iter().filter(|w| w.is_finite()).fold(0.0f64, |most, w| most.max(w.abs()));
    let bound = times * if most == 0.0 { ATOL } else { RTOL * most + ATOL.min(1e-6 * most) };
    let good = |at: usize| match (got[at], want[at]) {
        (g, w) if w.is_nan() => g.is_nan(),
        (g, w) if w.is_infinite() => g == w,
        // a NaN fails the comparison
        (g, w) => (g - w).abs() <= bound + room(at, w),
    };
    if got.len() != want.len() {
        return Err(format!("{} numbers, expected {}", got.len(), want.len()));
    }
    let bad: Vec<usize> = (0..want.len()).filter(|&at| !good(at)).collect();
    match bad.first() {
        None => Ok(()),
        Some(&first) => Err(format!(
            "{} of {} entries are off, first at {first}: {} instead of {} (greatest {most}, bound {:e})",
            bad.len(),
            want.len(),
            got[first],
            want[first],
            bound + room(first, want[first])
        )),
    }
}

/// The failures of many cases, reported together.
#[derive(Default)]
pub struct Failures(Vec<String>);

impl Failures {
    /// Keeps a failure, with the case that failed.
    pub fn note(&mut self, what: &dyn std::fmt::Debug, result: Result<(), String>) {
        if let Err(reason) = result {
            self.0.push(format!("{reason}\n    {what:?}"));
        }
    }

    /// Fails the test where anything failed.
    pub fn raise(self) {
        let few = &self.0[..self.0.len().min(12)];
        assert!(few.is_empty(), "{} failed:\n{}", self.0.len(), few.join("\n"));
    }
}
