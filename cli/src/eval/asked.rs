//! The arguments that `wgloss eval` and `wgloss compare` share.

use super::call::Call;
use super::evaluate::Evaluation;
use crate::device::Device;
use crate::expression::Expression;
use crate::failure::Failure;
use crate::files;
use crate::losses;
use crate::suggest::did_you_mean;
use clap::Args;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsStr;
use wgloss::{Array, DType, Observation, Scale};

/// A sum of losses, its operands and where it is evaluated.
#[derive(Args)]
pub struct Asked {
    /// The loss, or a sum such as 'cross_entropy + 0.5*dice(smooth_nr=1)'. In parentheses stand options, and names for
    /// operands: mse(input=image) takes what --operand image=FILE gives.
    #[arg(value_parser = Losses, hide_possible_values = true)]
    loss: Expression,
    /// The operand `target`.
    #[arg(long, value_name = "FILE")]
    target: Option<String>,
    /// The operand `weight`.
    #[arg(long, value_name = "FILE")]
    weight: Option<String>,
    /// The operand `mask`.
    #[arg(long, value_name = "FILE")]
    mask: Option<String>,
    /// Any operand of the loss.
    #[arg(long = "operand", value_name = "NAME=FILE", value_parser = file)]
    operands: Vec<(String, String)>,
    /// An option of each loss that has it, or the `reduction` of all: none, true, false, a number or a name.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Divide the sums by this number, or by the one number in a file, whatever the reduction.
    #[arg(long, value_name = "NUMBER|FILE", allow_hyphen_values = true)]
    divide_by: Option<String>,
    /// Take a mean over nothing, as where all labels are ignored, for 0 rather than NaN.
    #[arg(long)]
    empty_is_zero: bool,
    /// Refuse NaN and infinities that take part, and targets that the loss does not expect, and name the first.
    #[arg(long)]
    checked: bool,
    /// Numbers beside the loss, from the same pass, separated by commas: accuracy, top_5 (or any other number), entropy or
    /// perplexity of classes; accuracy of logits of yes-or-no questions; iou, precision or recall of each class of a loss of
    /// regions.
    #[arg(long, value_name = "NAME", value_parser = observation, value_delimiter = ',')]
    observe: Vec<Observation>,
    /// The place in the batch of the first row, where the rows of a loss of all pairs are a part of the batch.
    #[arg(long, value_name = "N")]
    rows_from: Option<usize>,
    /// The device to evaluate on.
    #[arg(long, value_enum, default_value = "gpu")]
    device: Device,
    /// How many GiB of operands to hold at once. What is longer is evaluated in pieces of the batch, if its losses add up.
    #[arg(long, value_name = "GIB", default_value_t = 4.0, value_parser = gibibytes)]
    hold: f64,
    /// How many GiB the CPU may use in addition to the operands.
    #[arg(long, value_name = "GIB", default_value_t = 4.0, value_parser = gibibytes)]
    memory: f64,
    /// Take the last axis of the predictions as their class axis: NHWC images, `[B, T, V]` token logits.
    #[arg(long)]
    class_axis_last: bool,
}

impl Asked {
    /// The call that the arguments describe. Reads the file of `--divide-by`.
    pub fn call(&self) -> Result<Call, Failure> {
        self.divided_by(self.divide_by.as_deref().map(scale).transpose()?)
    }

    /// The call that the arguments describe, without numbers from files.
    #[cfg(feature = "fuzzing")]
    pub fn call_without_files(&self) -> Result<Call, Failure> {
        self.divided_by(self.divide_by.as_deref().and_then(|text| text.parse().ok()).map(Scale::Number))
    }

    fn divided_by(&self, divide_by: Option<Scale<Array>>) -> Result<Call, Failure> {
        let mut call = Call::new(&self.loss, &self.options, self.class_axis_last)?;
        call.divide_by = divide_by;
        call.rows_from = self.rows_from;
        call.empty_is_zero |= self.empty_is_zero;
        call.checked |= self.checked;
        call.observations.clone_from(&self.observe);
        Ok(call)
    }

    /// The number or the file that all sums are divided by.
    pub fn denominator(&self) -> Option<&str> {
        self.divide_by.as_deref()
    }

    /// Opens the device for a call.
    pub fn evaluation(&self, call: Call) -> Result<Evaluation, Failure> {
        wgloss::cpu::set_memory_bound(bytes(self.memory));
        let way = self.device.open()?.swap_remove(0);
        Ok(Evaluation { call, way, device: self.device, hold: bytes(self.hold) })
    }

    /// The operands' names, and the files they are read from.
    pub fn places(&self) -> impl Iterator<Item = (String, String)> {
        let given = [("target", &self.target), ("weight", &self.weight), ("mask", &self.mask)];
        let given = given.into_iter().filter_map(|(name, place)| Some((name.to_string(), place.clone()?)));
        given.chain(self.operands.iter().cloned())
    }
}

/// An option's name and its value.
pub fn option(text: &str) -> Result<(String, String), String> {
    pair(text).ok_or_else(|| "expected NAME=VALUE, such as reduction=sum".into())
}

/// An operand's name and its file.
pub fn file(text: &str) -> Result<(String, String), String> {
    pair(text).ok_or_else(|| "expected NAME=FILE, such as input=x.npy".into())
}

/// The two sides of the first `=`, both with text.
fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    (!name.is_empty() && !value.is_empty()).then(|| (name.into(), value.into()))
}

/// Parses a number, or reads the numbers of a file.
pub fn scale(text: &str) -> Result<Scale<Array>, Failure> {
    match text.parse() {
        Ok(number) => Ok(Scale::Number(number)),
        Err(_) => {
            let array = files::read(text)?;
            // the twins keep f64; a GPU stores it as f32
            let dtype = if array.dtype().is_float() { array.dtype() } else { DType::F64 };
            Ok(Scale::Tensor(array.cast(dtype)))
        }
    }
}

fn observation(text: &str) -> Result<Observation, String> {
    match Observation::of_name(text) {
        Some(Observation::Predicted) => Err("--predicted writes the predicted classes to a file".into()),
        Some(Observation::LogProb) => Err("--log-prob writes the log-probabilities to a file".into()),
        Some(observation) => Ok(observation),
        None => {
            let number = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
            let top = format!("top_{}", number.parse::<usize>().ok().filter(|&k| k > 0).unwrap_or(5));
            let known = format!("{}, or top_5 with any number", OBSERVED.join(", "));
            Err(match did_you_mean(text, &[&[top.as_str()], &OBSERVED[..]].concat()) {
                Some(question) => format!("{question} There are {known}"),
                None => format!("expected {known}"),
            })
        }
    }
}

/// The observations that are printed, without those of the K best classes.
pub const OBSERVED: [&str; 6] = ["accuracy", "entropy", "perplexity", "iou", "precision", "recall"];

fn gibibytes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number < 1e9 => Ok(number),
        _ => Err("expected a number above 0".into()),
    }
}

fn bytes(gibibytes: f64) -> u64 {
    (gibibytes * (1u64 << 30) as f64) as u64
}

/// Parses sums of losses, and knows the names of all losses for completions.
#[derive(Clone)]
struct Losses;

impl TypedValueParser for Losses {
    type Value = Expression;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Expression, clap::Error> {
        let text = StringValueParser::new().parse_ref(command, argument, value)?;
        Expression::parse(&text).map_err(|why| {
            let mut error = clap::Error::raw(ErrorKind::ValueValidation, format!("{why}\n")).with_cmd(command);
            error.insert(ContextKind::InvalidValue, ContextValue::String(text));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(losses::names().into_iter().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_a_name_and_a_value() {
        assert_eq!(pair("input=a=b.npy"), Some(("input".into(), "a=b.npy".into())));
        for text in ["input", "=a.npy", "input=", ""] {
            assert!(pair(text).is_none(), "{text}");
        }
    }
}
