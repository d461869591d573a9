//! `wgloss eval`: evaluates losses of tensors in files, and their gradients.

pub mod answer;
pub mod asked;
pub mod call;
mod evaluate;
mod inputs;
pub mod many;
mod totals;

#[cfg(feature = "fuzzing")]
use crate::device::Device;
use crate::failure::Failure;
use crate::files::{self, npy, output};
use answer::{Answer, circumstances, print_json};
use asked::{Asked, pair};
use clap::Args;
pub use evaluate::{Evaluation, Wanted};
use many::Row;
use serde_json::{Map, Value as Json, json};
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;
use totals::Totals;
#[cfg(feature = "fuzzing")]
use wgloss::Array;
use wgloss::Observation;

/// The arguments of `wgloss eval`.
#[derive(Args)]
pub struct Eval {
    #[command(flatten)]
    asked: Asked,
    /// The operand `input`. A file is FILE.npy, FILE.npz:ARRAY, FILE.safetensors:TENSOR, or - for .npy on the standard input;
    /// a pattern such as 'logits/*.npy' means many.
    #[arg(long, value_name = "FILE")]
    input: Option<String>,
    /// A list of files to evaluate one by one and in total. Its first line names operands, its columns are separated by tabs.
    #[arg(long, value_name = "FILE")]
    pairs: Option<String>,
    /// An operand, and the .npy file for the gradient with respect to it. A bf16 gradient is written as f32.
    #[arg(long = "gradient-of", value_name = "NAME=FILE", value_parser = pair)]
    gradients: Vec<(String, String)>,
    /// Compute the gradients of 16-bit operands in f32, without rounding them to 16 bits.
    #[arg(long)]
    f32_gradients: bool,
    /// Scale the gradients by this number, or by the numbers of a file in the shape of the loss.
    #[arg(long, value_name = "NUMBER|FILE", allow_hyphen_values = true)]
    upstream: Option<String>,
    /// The .npy file for the loss. Without it the loss is printed: the statistics of the values, if there are many.
    #[arg(long, value_name = "FILE")]
    output: Option<String>,
    /// The .npy file for the predicted class of each position, as u32: 4294967295 where there is none.
    #[arg(long, value_name = "FILE")]
    predicted: Option<String>,
    /// The .npy file for the log of the probability of each position's label.
    #[arg(long, value_name = "FILE")]
    log_prob: Option<String>,
    /// Allow an output to overwrite one of the files that are read.
    #[arg(long)]
    force: bool,
    /// Print the loss, its parts with their sums and denominators, the device and the time as JSON.
    #[arg(long)]
    json: bool,
}

impl Eval {
    /// Evaluates the loss. Writes and prints results only when all results of an evaluation are computed.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let (start, mut call, places) = (Instant::now(), self.asked.call()?, self.places());
        let rows = match &self.pairs {
            Some(list) => Some(many::listed(list, &call, &places)?),
            None => many::matched(&places)?,
        };
        self.check_outputs(&places)?;
        call.upstream = self.upstream.as_deref().map(asked::scale).transpose()?;
        call.observations.extend(self.of_positions().map(|(observation, _)| observation));
        let evaluation = self.asked.evaluation(call)?;
        if let Some(rows) = rows {
            return self.many(&evaluation, &rows, start, out);
        }
        let answer = evaluation.of_files(&places, &self.wanted())?;
        self.write(&answer, &evaluation, out)?;
        if self.json {
            let mut map = answer.json();
            circumstances(&mut map, &evaluation.way, start.elapsed());
            return Ok(print_json(out, map)?);
        }
        match self.output {
            Some(_) => Ok(()),
            None => Ok(answer.print(out, evaluation.is_single())?),
        }
    }

    /// Evaluates each row of files, and their total.
    fn many(&self, evaluation: &Evaluation, rows: &[Row], start: Instant, out: &mut impl Write) -> Result<(), Failure> {
        let refused = [
            ("--output", self.output.is_some()),
            ("--gradient-of", !self.gradients.is_empty()),
            ("--predicted", self.predicted.is_some()),
            ("--log-prob", self.log_prob.is_some()),
        ];
        if let Some((name, _)) = refused.iter().find(|(_, given)| *given) {
            return Err(Failure::Input(format!("{name} is for one evaluation, and these are {}", rows.len())));
        }
        if !evaluation.call.is_reduced() {
            return Err(Failure::Input("the reduction none gives no total of many files".into()));
        }
        let (mut totals, mut list) = (Totals::default(), Vec::new());
        for Row { label, places } in rows {
            let answer = evaluation.of_files(places, &self.wanted())?;
            totals.add(&answer.totals);
            match (self.json, answer.loss) {
                (true, _) => {
                    let files: Map<String, Json> =
                        places.iter().map(|(name, file)| (name.clone(), json!(file))).collect();
                    let mut map = answer.json();
                    map.insert("files".into(), files.into());
                    list.push(Json::Object(map));
                }
                (false, loss) => writeln!(out, "{label}\t{}", loss.map_or(String::new(), |loss| loss.text()))?,
            }
        }
        let total = evaluation.number(totals.loss());
        if !self.json {
            return Ok(writeln!(out, "total\t{}", total.text())?);
        }
        let mut map = Map::from_iter([
            ("files".to_string(), Json::Array(list)),
            ("total".to_string(), json!({"loss": total.json(), "parts": totals.json()})),
        ]);
        circumstances(&mut map, &evaluation.way, start.elapsed());
        Ok(print_json(out, map)?)
    }

    /// Writes the files for the loss, its gradients and the observations of positions.
    fn write(&self, answer: &Answer, evaluation: &Evaluation, out: &mut impl Write) -> Result<(), Failure> {
        let loss = self.output.as_deref().map(|place| Ok((place, evaluation.array(answer)?)));
        let loss = loss.transpose().map_err(Failure::Refused)?;
        let gradients = self.gradients.iter().map(|(_, place)| place.as_str()).zip(answer.gradients.iter().cloned());
        let observed = self
            .of_positions()
            .filter_map(|(observation, place)| answer.of_positions(observation).map(|array| (place, array.clone())));
        let written = gradients.chain(loss).chain(observed).map(|(place, array)| (place, npy::bytes(&array)));
        let (piped, filed): (Vec<_>, Vec<_>) = written.partition(|(place, _)| *place == files::STANDARD);
        output::write(&filed)?;
        piped.iter().try_for_each(|(_, bytes)| Ok(out.write_all(bytes)?))
    }

    /// The wanted observations of positions, and the files that they are written to.
    fn of_positions(&self) -> impl Iterator<Item = (Observation, &str)> {
        let files = [(Observation::Predicted, &self.predicted), (Observation::LogProb, &self.log_prob)];
        files.into_iter().filter_map(|(observation, file)| Some((observation, file.as_deref()?)))
    }

    fn wanted(&self) -> Wanted<'_> {
        let gradients = self.gradients.iter().map(|(name, _)| name.as_str()).collect();
        Wanted { gradients, f32_gradients: self.f32_gradients, values: self.output.is_some() }
    }

    /// Evaluates the loss by its twin. Gets operands from `read` instead of files, and writes nothing.
    #[cfg(feature = "fuzzing")]
    pub fn without_files(&self, read: impl Fn(&str) -> Result<Array, Failure>) -> Result<Answer, Failure> {
        let call = self.asked.call_without_files()?;
        let operands = self.places().into_iter().map(|(name, place)| Ok((name, read(&place)?)));
        let operands = operands.collect::<Result<Vec<_>, Failure>>()?;
        let known: Vec<_> =
            operands.iter().map(|(name, array)| (name.as_str(), array.dtype(), array.shape())).collect();
        let given = known.iter().zip(&operands).map(|(operand, (name, array))| {
            (name.clone(), inputs::fitted(array.clone(), call.wants_floats(*operand, &known), Device::Cpu))
        });
        let given = given.collect();
        let way = wgloss_cases::Way::Cpu;
        Ok(Evaluation { call, way, device: Device::Cpu, hold: u64::MAX }.of_arrays(given, &self.wanted())?)
    }

    fn check_outputs(&self, places: &[(String, String)]) -> Result<(), Failure> {
        let mut targets: Vec<PathBuf> = Vec::new();
        let gradients = self.gradients.iter().map(|(_, place)| place.as_str());
        let observed = self.of_positions().map(|(_, place)| place);
        for place in gradients.chain(self.output.as_deref()).chain(observed) {
            let piped = place == files::STANDARD;
            if piped && self.json {
                return Err(Failure::Input("--json and an output of - are both for the standard output".into()));
            }
            let target = if piped { PathBuf::from(place) } else { output::check(place, &[".npy"])? };
            if targets.iter().any(|other| output::is_same(&target, other)) {
                return Err(Failure::Input(format!("{place}: is named for two outputs")));
            }
            let reads = |read: &String| files::source(read).is_some_and(|source| output::is_same(&target, &source));
            if let Some((name, _)) = places.iter().find(|(_, read)| reads(read)).filter(|_| !self.force) {
                return Err(Failure::Input(format!("{place}: `{name}` is read from it; --force overwrites it")));
            }
            targets.push(target);
        }
        let piped = places.iter().filter(|(_, place)| place == files::STANDARD).count();
        if piped > 1 {
            return Err(Failure::Input("-: is named for two operands".into()));
        }
        Ok(())
    }

    /// The operands' names, and the files they are read from.
    fn places(&self) -> Vec<(String, String)> {
        let input = self.input.iter().map(|place| ("input".to_string(), place.clone()));
        input.chain(self.asked.places()).collect()
    }
}
