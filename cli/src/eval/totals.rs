//! Sums and denominators that add up over pieces of a batch and over files.

use super::answer::{self, Number};
use super::call::Call;
use serde_json::{Map, Value as Json, json};
use wgloss::{Array, Observation, PartOutcome};

/// The parts of a sum of losses.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    parts: Vec<Part>,
}

/// One loss of the sum, or an observation.
#[derive(Clone, Debug)]
struct Part {
    outcome: PartOutcome,
    adds_denominators: bool,
    /// The value of a mean over nothing.
    empty: f64,
    /// The observation that the part holds, if any. An observation does not count in the loss.
    observation: Option<Observation>,
}

impl Part {
    fn mean(&self) -> f64 {
        self.outcome.mean_or(self.empty)
    }

    /// Whether the part is a mean over nothing.
    fn is_empty(&self) -> bool {
        self.outcome.denominator == 0.0 && !self.outcome.sum.is_nan()
    }

    /// The number that the part reports.
    fn value(&self) -> f64 {
        self.observation.map_or(self.mean(), |observation| observation.of_mean(self.mean()))
    }
}

impl Totals {
    /// The parts of one evaluation.
    pub fn new(call: &Call, parts: &[PartOutcome]) -> Totals {
        let part = |part: &PartOutcome| Part {
            outcome: part.clone(),
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
            part.outcome.sum += other.outcome.sum;
            part.outcome.denominator += if part.adds_denominators { other.outcome.denominator } else { 0.0 };
        }
    }

    /// The loss: the sum of all weighted quotients.
    pub fn loss(&self) -> f64 {
        let parts = self.parts.iter().filter(|part| part.observation.is_none());
        parts.map(|part| part.outcome.weight * part.mean()).sum()
    }

    /// Whether a loss of the sum is a mean over nothing.
    pub fn has_empty_mean(&self) -> bool {
        self.parts.iter().any(|part| part.observation.is_none() && part.is_empty())
    }

    /// The observations, each with its name and its value.
    pub fn observations(&self) -> impl Iterator<Item = (&str, f64)> {
        self.named(|part| part.observation.is_some())
    }

    /// What a table shows beside the loss, each with its name and its value: the losses of the sum, if there are several, and
    /// the observations.
    pub fn columns(&self) -> impl Iterator<Item = (&str, f64)> {
        let is_sum = self.parts.iter().filter(|part| part.observation.is_none()).count() > 1;
        self.named(move |part| is_sum || part.observation.is_some())
    }

    fn named(&self, is_wanted: impl Fn(&Part) -> bool) -> impl Iterator<Item = (&str, f64)> {
        self.parts.iter().filter(move |part| is_wanted(part)).map(|part| (part.outcome.name.as_str(), part.value()))
    }

    /// The parts, and the values of the observations, as JSON.
    pub fn json(&self, is_f32: bool) -> Map<String, Json> {
        let number = |value: f64| Number { value, is_f32 }.json();
        let part = |part: &Part| {
            json!({
                "name": part.outcome.name,
                "value": number(part.value()),
                "sum": answer::json_number(part.outcome.sum),
                "denominator": answer::json_number(part.outcome.denominator),
                "weight": part.outcome.weight,
            })
        };
        let mut map = Map::from_iter([("parts".to_string(), self.parts.iter().map(part).collect())]);
        let observations: Map<String, Json> =
            self.observations().map(|(name, value)| (name.into(), number(value))).collect();
        if !observations.is_empty() {
            map.insert("observations".into(), observations.into());
        }
        map
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
    /// The least value that is not NaN; NaN if there is none.
    pub least: f64,
    /// The greatest value that is not NaN; NaN if there is none.
    pub greatest: f64,
    /// The sum of the values that are not NaN.
    pub sum: f64,
}

impl Values {
    /// The statistics of these values, which are kept if `keep` is set.
    pub fn new(array: &Array, keep: bool) -> Values {
        let numbers = array.to_f64();
        let (mut nan, mut least, mut greatest, mut sum) = (0, f64::NAN, f64::NAN, 0.0);
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
