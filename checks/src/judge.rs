//! Whether what the GPU gave is what the twin gave.

use wgloss::{Array, DType, Error, Gpu, PartOutcome, Term, ToGpu, cpu};

/// The conformance cases' own tolerance, relative to the greatest entry. f32 arithmetic with sums in trees stays within
/// 1e-6 of f64; the rest is room for `exp` and `log` of drivers, which are off by up to 17 units in the last place (2e-6).
pub const RTOL: f64 = 1e-5;

/// The absolute part, which decides where everything wanted is 0.
pub const ATOL: f64 = 1e-7;

/// What a call gave: on the GPU, read back, or on the CPU.
#[derive(Clone, Debug)]
pub struct Given {
    /// The loss, where the call reduces it.
    pub loss: Option<f64>,
    pub tensor: Array,
    pub parts: Vec<PartOutcome>,
    pub gradients: Vec<Array>,
}

impl Given {
    /// What the twin gave.
    pub fn by_twin((outcome, gradients): (cpu::Outcome, Vec<Array>)) -> Given {
        let (loss, tensor, parts) = (outcome.loss().ok(), outcome.tensor().clone(), outcome.parts().to_vec());
        Given { loss, tensor, parts, gradients }
    }

    /// What the GPU gives for a term that is reduced.
    pub fn by_gpu<T: ToGpu>(gpu: &Gpu, term: &Term<T>, of: &[&T]) -> Result<Given, Error> {
        let (outcome, gradients) = gpu.gradient_list(term, of)?;
        Ok(Given {
            loss: Some(outcome.loss().wait()?.into()),
            tensor: outcome.tensor().read().wait()?,
            parts: outcome.parts().wait()?,
            gradients: gradients.iter().map(|d| d.read().wait()).collect::<Result<_, _>>()?,
        })
    }

    /// Compares loss, tensor, parts and gradients with what is wanted.
    pub fn judge(&self, want: &Given) -> Result<(), String> {
        self.judge_within(want, 1.0, &Room::default())
    }

    /// [`judge`](Self::judge), with so many times the tolerance and room beside it.
    pub fn judge_within(&self, want: &Given, times: f64, room: &Room) -> Result<(), String> {
        let numbers = |loss: Option<f64>| loss.into_iter().collect::<Vec<f64>>();
        within(&numbers(self.loss), &numbers(want.loss), times, |_| room.loss).map_err(|e| format!("loss: {e}"))?;
        same_within(&self.tensor, &want.tensor, times, room.tensor).map_err(|e| format!("tensor: {e}"))?;
        let unknown = want.tensor.to_f64().iter().any(|loss| loss.is_nan());
        parts(&self.parts, &want.parts, unknown, times, room.sums)?;
        if self.gradients.len() != want.gradients.len() {
            return Err(format!("{} gradients, expected {}", self.gradients.len(), want.gradients.len()));
        }
        for (place, (got, want)) in self.gradients.iter().zip(&want.gradients).enumerate() {
            let room = room.gradients.get(place).copied().unwrap_or_default();
            same_within(got, want, times, room).map_err(|e| format!("gradient {place}: {e}"))?;
        }
        Ok(())
    }
}

/// What the numbers of a call may be off by beside the tolerance, each anywhere in its tensor.
#[derive(Clone, Debug, Default)]
pub struct Room {
    loss: f64,
    tensor: f64,
    sums: f64,
    gradients: Vec<f64>,
}

impl Room {
    /// So many times the distance between the answers of two calls.
    pub fn between(a: &Given, b: &Given, times: f64) -> Room {
        let most = |a: &[f64], b: &[f64]| {
            let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs()).filter(|distance| distance.is_finite());
            times * distances.fold(0.0, f64::max)
        };
        let arrays = |a: &Array, b: &Array| most(&a.to_f64(), &b.to_f64());
        let sums = |given: &Given| given.parts.iter().map(|part| part.sum).collect::<Vec<f64>>();
        Room {
            loss: most(a.loss.as_slice(), b.loss.as_slice()),
            tensor: arrays(&a.tensor, &b.tensor),
            sums: most(&sums(a), &sums(b)),
            gradients: a.gradients.iter().zip(&b.gradients).map(|(a, b)| arrays(a, b)).collect(),
        }
    }
}

/// Whether two lists of parts are the same. Where the loss is `unknown`, being NaN, the sum of a part may be NaN too.
fn parts(got: &[PartOutcome], want: &[PartOutcome], unknown: bool, times: f64, room: f64) -> Result<(), String> {
    if got.len() != want.len() {
        return Err(format!("{} parts, expected {}", got.len(), want.len()));
    }
    for (got, want) in got.iter().zip(want) {
        if got.name != want.name {
            return Err(format!("a part is named {}, expected {}", got.name, want.name));
        }
        let sums = if unknown && got.sum.is_nan() { (0.0, 0.0) } else { (got.sum, want.sum) };
        let (denominators, weights) = ((got.denominator, want.denominator), (got.weight, want.weight));
        let each = [("sum", sums, room), ("denominator", denominators, 0.0), ("weight", weights, 0.0)];
        for (what, (got, want), room) in each {
            within(&[got], &[want], times, |_| room).map_err(|e| format!("part {what}: {e}"))?;
        }
    }
    Ok(())
}

/// Whether two arrays are the same in shape and, within the tolerance and the rounding of what is stored in 16 bits, in
/// elements.
pub fn same(got: &Array, want: &Array) -> Result<(), String> {
    same_within(got, want, 1.0, 0.0)
}

fn same_within(got: &Array, want: &Array, times: f64, room: f64) -> Result<(), String> {
    if got.shape() != want.shape() {
        return Err(format!("shape {:?}, expected {:?}", got.shape(), want.shape()));
    }
    let dtype = got.dtype();
    let mut want = want.to_f64();
    if dtype == DType::F16 {
        // what lies beyond the greatest f16, 65504, by half a step and more is infinite
        want.iter_mut().filter(|w| w.abs() >= 65520.0).for_each(|w| *w *= f64::INFINITY);
    }
    within(&got.to_f64(), &want, times, |want| rounding(dtype, want) + room)
}

/// Half a unit in the last place of a number: what it may be off by for being stored.
fn rounding(dtype: DType, number: f64) -> f64 {
    match dtype {
        // 11 digits, and multiples of 2^-24 at the least
        DType::F16 => number.abs() * 2f64.powi(-11) + 2f64.powi(-25),
        DType::BF16 => number.abs() * 2f64.powi(-8),
        _ => 0.0,
    }
}

/// The conformance cases' rule: `max|got − want| ≤ rtol·M + min(atol, 1e-6·M)` with `M = max|want|` over what is finite, NaN
/// where NaN is wanted, infinities of the wanted sign.
pub fn close(got: &[f64], want: &[f64]) -> Result<(), String> {
    within(got, want, 1.0, |_| 0.0)
}

/// [`close`], with so many times the tolerance, and room beside it.
fn within(got: &[f64], want: &[f64], times: f64, room: impl Fn(f64) -> f64) -> Result<(), String> {
    let most = want.iter().filter(|w| w.is_finite()).fold(0.0f64, |most, w| most.max(w.abs()));
    let bound = times * if most == 0.0 { ATOL } else { RTOL * most + ATOL.min(1e-6 * most) };
    let good = |g: f64, w: f64| match (w.is_nan(), w.is_infinite()) {
        (true, _) => g.is_nan(),
        (_, true) => g == w,
        // a NaN fails the comparison
        _ => (g - w).abs() <= bound + room(w),
    };
    if got.len() != want.len() {
        return Err(format!("{} numbers, expected {}", got.len(), want.len()));
    }
    let bad: Vec<usize> = (0..want.len()).filter(|&i| !good(got[i], want[i])).collect();
    match bad.first() {
        None => Ok(()),
        Some(&first) => Err(format!(
            "{} of {} entries are off, first at {first}: {} instead of {} (greatest {most}, bound {bound:e})",
            bad.len(),
            want.len(),
            got[first],
            want[first]
        )),
    }
}

/// What failed of many cases, told together.
#[derive(Default)]
pub struct Failures(Vec<String>);

impl Failures {
    /// Keeps a failure with what failed.
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
