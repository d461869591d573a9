//! The result of an evaluation, as text and as JSON.

use super::totals::{Totals, Values};
use crate::device;
use serde_json::{Map, Value as Json, json};
use std::io::{self, BufWriter, Write};
use std::time::Duration;
use wgloss::{Array, Observation};
use wgloss_cases::Way;

/// The most values of an unreduced loss that are printed one by one.
pub const MOST_PRINTED: usize = 20;

/// The result of an evaluation.
pub struct EvalAnswer {
    /// The loss, where it is reduced.
    pub loss: Option<Number>,
    /// The values of the loss, where it isn't reduced.
    pub values: Option<Values>,
    /// The sums and denominators of its parts.
    pub totals: Totals,
    /// The gradients in the order asked for.
    pub gradients: Vec<Array>,
    /// The observations of positions. A name consists of loss and observation, as `cross_entropy.predicted`.
    pub observed: Vec<(String, Array)>,
    /// The number of pieces of the batch that were evaluated one after the other.
    pub pieces: usize,
    /// The most bytes of operands that were held at once.
    pub held: u64,
}

/// A number, and whether it was computed in f32 rather than f64.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    pub value: f64,
    pub is_f32: bool,
}

impl Number {
    /// The fewest digits that read back as the same number.
    pub fn text(self) -> String {
        if self.is_f32 { format!("{:?}", self.value as f32) } else { format!("{:?}", self.value) }
    }

    /// The number as JSON, with the same digits as its text.
    pub fn json(self) -> Json {
        if self.is_f32 { json_number(self.text().parse().unwrap_or(self.value)) } else { json_number(self.value) }
    }
}

/// A number as JSON. NaN and infinities are strings, since JSON has no such numbers.
pub fn json_number(number: f64) -> Json {
    if number.is_finite() { json!(number) } else { json!(format!("{number:?}")) }
}

impl EvalAnswer {
    /// The reduced loss; NaN where the loss isn't reduced.
    pub fn loss(&self) -> f64 {
        self.loss.map_or(f64::NAN, |loss| loss.value)
    }

    /// The tensor of an observation of positions, from the first loss that makes it.
    pub fn of_positions(&self, observation: Observation) -> Option<&Array> {
        let end = format!(".{}", observation.name());
        self.observed.iter().find(|(name, _)| name.ends_with(&end)).map(|(_, array)| array)
    }

    /// Prints the loss: a number, a few values one a line, or the shape and the statistics of many values.
    pub fn print_loss(&self, out: &mut impl Write, is_f32: bool) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        if let Some(loss) = self.loss {
            writeln!(out, "{}", loss.text())?;
        }
        let text = |value: f64| Number { value, is_f32 }.text();
        match &self.values {
            Some(Values { kept: Some(kept), .. }) if (1..=MOST_PRINTED).contains(&kept.len()) => {
                kept.iter().try_for_each(|value| writeln!(out, "{}", text(*value)))?;
            }
            Some(values) => {
                writeln!(out, "shape {:?}", values.shape)?;
                let rows = [("mean", values.mean()), ("least", values.least), ("greatest", values.greatest)];
                rows.iter().try_for_each(|(name, value)| writeln!(out, "{name} {}", text(*value)))?;
                writeln!(out, "NaN {} of {}", values.nan, values.count)?;
            }
            None => {}
        }
        out.flush()
    }

    /// Prints each observation with its name.
    pub fn print_observations(&self, out: &mut impl Write, is_f32: bool) -> io::Result<()> {
        let mut observations = self.totals.observations();
        observations.try_for_each(|(name, value)| writeln!(out, "{name} {}", Number { value, is_f32 }.text()))
    }

    /// The loss and its parts as JSON.
    pub fn json(&self, is_f32: bool) -> Map<String, Json> {
        let mut map = Map::new();
        if let Some(loss) = self.loss {
            map.insert("loss".into(), loss.json());
        }
        if let Some(values) = &self.values {
            let [mean, least, greatest] = [values.mean(), values.least, values.greatest].map(json_number);
            let of =
                json!({"shape": values.shape, "mean": mean, "least": least, "greatest": greatest, "nan": values.nan});
            map.insert("values".into(), of);
        }
        map.append(&mut self.totals.json(is_f32));
        map.insert("pieces".into(), json!(self.pieces));
        map.insert("held_bytes".into(), json!(self.held));
        map
    }
}

/// Adds the device and the time to an object of JSON.
pub fn circumstances(map: &mut Map<String, Json>, way: &Way, time: Duration) {
    let device = match device::adapter(way) {
        Some(name) => json!({"kind": "gpu", "name": name}),
        None => json!({"kind": "cpu"}),
    };
    map.insert("device".into(), device);
    map.insert("seconds".into(), json!(time.as_secs_f64()));
}

/// Prints JSON.
pub fn print_json(out: &mut impl Write, map: Map<String, Json>) -> io::Result<()> {
    writeln!(out, "{:#}", Json::Object(map))
}
