//! `wgloss eval`: evaluates losses of tensors in files, and their gradients.

pub mod answer;
pub mod asked;
pub mod call;
mod evaluate;
mod inputs;
pub mod many;
mod totals;
pub mod warnings;

#[cfg(feature = "fuzzing")]
use crate::device::Device;
use crate::failure::Failure;
use crate::files::{self, npy, output};
use answer::{EvalAnswer, circumstances, print_json};
use asked::{Asked, file};
use clap::Args;
pub use evaluate::{Evaluation, Wanted};
use many::Row;
use serde_json::{Map, Value as Json, json};
use std::io::{self, Write};
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
    /// An operand, and the .npy file for the gradient with respect to it, or - for the standard output. A bf16 gradient is
    /// written as f32.
    #[arg(long = "gradient-of", value_name = "NAME=FILE", value_parser = file)]
    gradients: Vec<(String, String)>,
    /// Write the gradients in f32, rather than in the operand's type on a GPU and in f64 on the CPU.
    #[arg(long)]
    f32_gradients: bool,
    /// Scale the gradients by this number, or by the numbers of a file in the shape of the loss.
    #[arg(long, value_name = "NUMBER|FILE", allow_hyphen_values = true)]
    upstream: Option<String>,
    /// The .npy file for the loss, or - for the standard output. Without it the loss is printed: the statistics of the values,
    /// if there are many.
    #[arg(long, value_name = "FILE")]
    output: Option<String>,
    /// The .npy file, or -, for the predicted class of each position, as u32: 4294967295 where there is none, since the
    /// position is ignored or masked, or one of its logits is NaN.
    #[arg(long, value_name = "FILE")]
    predicted: Option<String>,
    /// The .npy file, or -, for the log of the probability of each position's label.
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
        let (start, places) = (Instant::now(), self.places());
        self.check_inputs(&places)?;
        let mut call = self.asked.call()?;
        let rows = match &self.pairs {
            Some(list) => Some(many::listed(list, &call, &places)?),
            None => many::matched(&places)?,
        };
        self.check_outputs(&places)?;
        call.upstream = self.upstream.as_deref().map(asked::scale).transpose()?;
        call.observations.extend(self.of_positions().map(|(observation, _)| observation));
        call.check_operands(places.iter().chain(&self.gradients).map(|(name, _)| name.as_str()))?;
        let evaluation = self.asked.evaluation(call)?;
        if let Some(rows) = rows {
            return self.many(&evaluation, &rows, start, out);
        }
        let answer = evaluation.of_files(&places, &self.wanted())?;
        self.write(&answer, &evaluation, out)?;
        warnings::of_nan(&evaluation.call, &answer, None);
        let is_f32 = evaluation.is_f32();
        if self.json {
            let mut map = answer.json(is_f32);
            circumstances(&mut map, &evaluation.way, start.elapsed());
            return Ok(print_json(out, map)?);
        }
        // an array on the standard output would be damaged by text
        let is_piped = self.outputs().any(|place| place == files::STANDARD);
        let mut text: &mut dyn Write = if is_piped { &mut io::stderr() } else { out };
        if self.output.is_none() {
            answer.print_loss(&mut text, is_f32)?;
        }
        Ok(answer.print_observations(&mut text, is_f32)?)
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
        for (place, row) in rows.iter().enumerate() {
            let Row { label, places, .. } = row;
            let answer = evaluation.of_files(places, &self.wanted());
            let answer = answer.map_err(|failure| row.failure(&evaluation.call, failure))?;
            warnings::of_nan(&evaluation.call, &answer, Some(label));
            totals.add(&answer.totals);
            if self.json {
                let files: Map<String, Json> = places.iter().map(|(name, file)| (name.clone(), json!(file))).collect();
                let mut map = answer.json(evaluation.is_f32());
                map.insert("files".into(), files.into());
                list.push(Json::Object(map));
                continue;
            }
            if place == 0 {
                let columns = answer.totals.columns().map(|(name, _)| name);
                writeln!(out, "{}", ["file", "loss"].into_iter().chain(columns).collect::<Vec<_>>().join("\t"))?;
            }
            writeln!(out, "{label}\t{}", evaluation.cells(answer.loss(), &answer.totals).join("\t"))?;
        }
        if !self.json {
            return Ok(writeln!(out, "total\t{}", evaluation.cells(totals.loss(), &totals).join("\t"))?);
        }
        let mut total = totals.json(evaluation.is_f32());
        total.insert("loss".into(), evaluation.number(totals.loss()).json());
        let mut map =
            Map::from_iter([("files".to_string(), Json::Array(list)), ("total".to_string(), Json::Object(total))]);
        circumstances(&mut map, &evaluation.way, start.elapsed());
        Ok(print_json(out, map)?)
    }

    /// Writes the files for the loss, its gradients and the observations of positions.
    fn write(&self, answer: &EvalAnswer, evaluation: &Evaluation, out: &mut impl Write) -> Result<(), Failure> {
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

    /// The files that are written; - is the standard output.
    fn outputs(&self) -> impl Iterator<Item = &str> {
        let gradients = self.gradients.iter().map(|(_, place)| place.as_str());
        gradients.chain(self.output.as_deref()).chain(self.of_positions().map(|(_, place)| place))
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
    pub fn without_files(&self, read: impl Fn(&str) -> Result<Array, Failure>) -> Result<EvalAnswer, Failure> {
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

    /// Refuses a second input from the standard input, which can be read only once.
    fn check_inputs(&self, places: &[(String, String)]) -> Result<(), Failure> {
        let operands = places.iter().map(|(_, place)| place.as_str());
        let others = [self.pairs.as_deref(), self.upstream.as_deref(), self.asked.denominator()];
        files::read_once(operands.chain(others.into_iter().flatten()))
    }

    /// Refuses an output that cannot be written, that is named twice, or that is read from, unless `--force` allows it.
    fn check_outputs(&self, places: &[(String, String)]) -> Result<(), Failure> {
        let scales = [("--upstream", self.upstream.as_deref()), ("--divide-by", self.asked.denominator())];
        let scales = scales.into_iter().filter_map(|(name, file)| Some((name, file?)));
        let operands = places.iter().map(|(name, file)| (name.as_str(), file.as_str()));
        let read: Vec<(&str, &str)> = operands.chain(scales).collect();
        let mut targets: Vec<PathBuf> = Vec::new();
        for place in self.outputs() {
            let piped = place == files::STANDARD;
            if piped && self.json {
                return Err(Failure::Input("--json and an output of - are both for the standard output".into()));
            }
            let target = if piped { PathBuf::from(place) } else { output::check(place, &[".npy"])? };
            if targets.iter().any(|other| output::is_same(&target, other)) {
                return Err(Failure::Input(format!("{place}: is named for two outputs")));
            }
            let reads = |file: &str| files::source(file).is_some_and(|source| output::is_same(&target, &source));
            if let Some((name, _)) = read.iter().find(|&&(_, file)| reads(file)).filter(|_| !self.force) {
                return Err(Failure::Input(format!("{place}: `{name}` is read from it; --force overwrites it")));
            }
            targets.push(target);
        }
        Ok(())
    }

    /// The operands' names, and the files they are read from.
    fn places(&self) -> Vec<(String, String)> {
        let input = self.input.iter().map(|place| ("input".to_string(), place.clone()));
        input.chain(self.asked.places()).collect()
    }
}
