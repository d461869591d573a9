//! Sums and denominators that add up over pieces of a batch and over files.

use super::call::Call;
use serde::Serialize;
use wgloss::{Array, Observation, PartOutcome};

/// The parts of a sum of losses.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    parts: Vec<Part>,
}

/// One loss of the sum, or an observation.
#[derive(Clone, Debug, Serialize)]
struct Part {
    name: String,
    #[serde(serialize_with = "super::answer::number")]
    sum: f64,
    #[serde(serialize_with = "super::answer::number")]
    denominator: f64,
    weight: f64,
    #[serde(skip)]
    adds_denominators: bool,
    /// The value of a mean over nothing.
    #[serde(skip)]
    empty: f64,
    /// The observation that the part holds, if any. An observation does not count in the loss.
    #[serde(skip)]
    observation: Option<Observation>,
}

impl Part {
    /// The sum divided by the denominator; `empty` if the denominator is 0 and the sum is not NaN.
    fn mean(&self) -> f64 {
        if self.denominator == 0.0 && !self.sum.is_nan() { self.empty } else { self.sum / self.denominator }
    }
}

impl Totals {
    /// The parts of one evaluation.
    pub fn new(call: &Call, parts: &[PartOutcome]) -> Totals {
        let part = |part: &PartOutcome| Part {
            name: part.name.clone(),
            sum: part.sum,
            denominator: part.denominator,
            weight: part.weight,
            // the denominator of an observation counts positions, so it adds up whatever the loss divides by
            adds_denominators: call.observation(&part.name).is_some() || call.adds_denominators(&part.name),
            observation: call.observation(&part.name),
            empty: if call.empty_is_zero { 0.0 } else { f64::NAN },
        };
        Totals { parts: parts.iter().map(part).collect() }
    }

    /// Adds the sums and denominators of another piece or file.
    pub fn add(&mut self, other: &Totals) {
        if self.parts.is_empty() {
            return *self = other.clone();
        }
        for (part, other) in self.parts.iter_mut().zip(&other.parts) {
            part.sum += other.sum;
            part.denominator += if part.adds_denominators { other.denominator } else { 0.0 };
        }
    }

    /// The loss: the sum of all weighted quotients.
    pub fn loss(&self) -> f64 {
        let parts = self.parts.iter().filter(|part| part.observation.is_none());
        parts.map(|part| part.weight * part.mean()).sum()
    }

    /// The observations, each with its name and its value: a mean, or the perplexity.
    pub fn observations(&self) -> impl Iterator<Item = (&str, f64)> {
        let value = |part: &Part, observation| match observation {
            Observation::Perplexity => part.mean().exp(),
            _ => part.mean(),
        };
        self.parts.iter().filter_map(move |part| Some((part.name.as_str(), value(part, part.observation?))))
    }

    /// The name and the quotient of each part, for a table.
    pub fn shares(&self) -> impl Iterator<Item = (&str, f64)> {
        self.parts.iter().map(|part| (part.name.as_str(), part.mean()))
    }

    /// The parts as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!(self.parts)
    }
}

/// The statistics of an unreduced loss, and its values if they are kept.
#[derive(Clone, Debug)]
pub struct Values {
    /// The shape of the loss.
    pub shape: Vec<usize>,
    /// The values, if they are kept.
    pub kept: Option<Vec<f64>>,
    /// The number of values.
    pub count: usize,
    /// The number of values that are NaN.
    pub nan: usize,
    /// The least value that is not NaN.
    pub least: f64,
    /// The greatest value that is not NaN.
    pub greatest: f64,
    /// The sum of the values that are not NaN.
    pub sum: f64,
}

impl Values {
    /// The statistics of these values, which are kept if `keep` is set.
    pub fn new(array: &Array, keep: bool) -> Values {
        let numbers = array.to_f64();
        let (mut nan, mut least, mut greatest, mut sum) = (0, f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for &number in &numbers {
            match number.is_nan() {
                true => nan += 1,
                false => (least, greatest, sum) = (number.min(least), number.max(greatest), sum + number),
            }
        }
        let (shape, count) = (array.shape().to_vec(), numbers.len());
        Values { shape, kept: keep.then_some(numbers), count, nan, least, greatest, sum }
    }

    /// Adds the values of the next items.
    pub fn add(&mut self, next: Values) {
        if let (Some(first), Some(more)) = (self.shape.first_mut(), next.shape.first()) {
            *first += more;
        }
        self.kept = self.kept.take().zip(next.kept).map(|(kept, more)| [kept, more].concat());
        (self.count, self.nan, self.sum) = (self.count + next.count, self.nan + next.nan, self.sum + next.sum);
        (self.least, self.greatest) = (self.least.min(next.least), self.greatest.max(next.greatest));
    }

    /// The mean of the values that are not NaN.
    pub fn mean(&self) -> f64 {
        self.sum / (self.count - self.nan) as f64
    }
}
