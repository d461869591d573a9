//! `wgloss eval`: evaluates a loss of tensors in files, and its gradients.

#[cfg(feature = "fuzzing")]
use crate::device::{Answer, Way};
use crate::device::{Device, Job};
use crate::failure::Failure;
use crate::files::{self, npy, output};
use crate::losses;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use wgloss::header::{Header, Kind, Value};
use wgloss::{Array, Data};

/// The arguments of `wgloss eval`.
#[derive(Args)]
pub struct Eval {
    /// The loss's id.
    #[arg(value_parser = PossibleValuesParser::new(losses::ids()))]
    loss: String,
    /// The operand `input`. A file is FILE.npy or FILE.safetensors:TENSOR; only the latter can hold bf16.
    #[arg(long, value_name = "FILE")]
    input: Option<String>,
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
    #[arg(long = "operand", value_name = "NAME=FILE", value_parser = pair)]
    operands: Vec<(String, String)>,
    /// An option of the loss, or its `reduction`: none, true, false, a number or a name.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// An operand, and the .npy file for the gradient with respect to it. A bf16 gradient is written as f32.
    #[arg(long = "gradient-of", value_name = "NAME=FILE", value_parser = pair)]
    gradients: Vec<(String, String)>,
    /// The .npy file for the loss. Without it the loss is printed.
    #[arg(long, value_name = "FILE")]
    output: Option<String>,
    /// Allow an output to overwrite one of the files that are read.
    #[arg(long)]
    force: bool,
    /// How many GiB the CPU may use in addition to the operands.
    #[arg(long, value_name = "GIB", default_value_t = 4)]
    memory: u32,
    /// The device to evaluate on.
    #[arg(long, value_enum, default_value = "gpu")]
    device: Device,
    /// Take the last axis of the prediction as its class axis: NHWC images, `[B, T, V]` token logits.
    #[arg(long)]
    class_axis_last: bool,
}

/// A loss, and its options by name.
type Chosen = (&'static Header, Vec<(String, Value)>);

/// The two sides of NAME=VALUE.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

impl Eval {
    /// Evaluates the loss. Writes and prints nothing before all results are there.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let (loss, options) = self.chosen()?;
        self.check_outputs()?;
        wgloss::cpu::set_memory_bound(u64::from(self.memory) << 30);
        let operands = self.read(loss, files::read)?;
        let job = Job { loss, options, operands, upstream: None };
        let ways = self.device.open()?;
        let names: Vec<&str> = self.gradients.iter().map(|(name, _)| name.as_str()).collect();
        let answer = ways[0].evaluate(&job, &names)?;

        let gradients = self.gradients.iter().map(|(_, place)| place.as_str()).zip(&answer.gradients);
        let written = gradients.chain(self.output.as_deref().map(|place| (place, &answer.loss)));
        output::write(&written.map(|(place, array)| (place, npy::bytes(array))).collect::<Vec<_>>())?;
        if self.output.is_none() {
            print(out, &answer.loss)?;
        }
        Ok(())
    }

    /// The loss and the options that the arguments name.
    fn chosen(&self) -> Result<Chosen, Failure> {
        let unknown = || Failure::Input(format!("there is no loss `{}`", self.loss));
        let loss = wgloss::by_id(&self.loss).ok_or_else(unknown)?;
        let kind = |name: &str| loss.specs().iter().find(|spec| spec.name == name).map(|spec| spec.kind);
        for (place, (name, _)) in self.options.iter().enumerate() {
            if self.options[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(Failure::Input(format!("--option {name} is given twice")));
            }
        }
        let options = self.options.iter().map(|(name, text)| (name.clone(), value(text, name, kind(name))));
        Ok((loss.header(), options.collect()))
    }

    /// Evaluates the loss by its twin. Gets operands from `read` instead of files, and writes nothing.
    #[cfg(feature = "fuzzing")]
    pub fn without_files(&self, read: impl Fn(&str) -> Result<Array, Failure>) -> Result<Answer, Failure> {
        let (loss, options) = self.chosen()?;
        let job = Job { loss, options, operands: self.read(loss, read)?, upstream: None };
        let names: Vec<&str> = self.gradients.iter().map(|(name, _)| name.as_str()).collect();
        Ok(Way::Cpu.evaluate(&job, &names)?)
    }

    fn check_outputs(&self) -> Result<(), Failure> {
        let mut targets: Vec<PathBuf> = Vec::new();
        for place in self.gradients.iter().map(|(_, place)| place).chain(&self.output) {
            let target = output::check(place, &[".npy"])?;
            if targets.iter().any(|other| output::is_same(&target, other)) {
                return Err(Failure::Input(format!("{place}: is named for two outputs")));
            }
            let reads = |read: &&String| files::source(read).is_some_and(|source| output::is_same(&target, &source));
            if let Some((name, _)) = self.places().find(|(_, read)| reads(read)).filter(|_| !self.force) {
                return Err(Failure::Input(format!("{place}: `{name}` is read from it; --force overwrites it")));
            }
            targets.push(target);
        }
        Ok(())
    }

    /// The operands' names, and the files they are read from.
    fn places(&self) -> impl Iterator<Item = (&str, &String)> {
        let given = [("input", &self.input), ("target", &self.target), ("weight", &self.weight), ("mask", &self.mask)];
        let given = given.into_iter().filter_map(|(name, place)| Some((name, place.as_ref()?)));
        given.chain(self.operands.iter().map(|(name, place)| (name.as_str(), place)))
    }

    fn read(
        &self,
        loss: &Header,
        read: impl Fn(&str) -> Result<Array, Failure>,
    ) -> Result<Vec<(String, Array)>, Failure> {
        let operand = |(name, place): (&str, &String)| {
            let array = read(place)?;
            let is_prediction = name == loss.operands[0].name;
            let array = if self.class_axis_last && is_prediction { array.class_axis_last() } else { array };
            Ok((name.to_string(), array))
        };
        self.places().map(operand).collect()
    }
}

/// Parses the value of an option. `none` is a name for an option that takes one of several names, else no value.
pub fn value(text: &str, name: &str, kind: Option<Kind>) -> Value {
    if kind == Some(Kind::Numbers)
        && let Ok(numbers) = text.split(',').map(str::parse).collect()
    {
        return Value::Numbers(numbers);
    }
    let is_choice = name == "reduction" || matches!(kind, Some(Kind::Choice(_)));
    match text {
        _ if is_choice => Value::Name(text.into()),
        "none" => Value::None,
        "true" => Value::Flag(true),
        "false" => Value::Flag(false),
        _ => text.parse().map_or_else(|_| Value::Name(text.into()), Value::Number),
    }
}

/// Prints one element a line, in the fewest digits that read back as the same number.
fn print(out: &mut impl Write, array: &Array) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match array.data() {
        Data::F32(data) => data.iter().try_for_each(|x| writeln!(out, "{x:?}"))?,
        _ => array.to_f64().iter().try_for_each(|x| writeln!(out, "{x:?}"))?,
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_parsed_as_its_kind() {
        let choice = Some(Kind::Choice(&["softmax", "none"]));
        let name = |text: &str| Value::Name(text.into());
        let values = [
            ("none", "ignore_index", Some(Kind::IntegerOrNone), Value::None),
            ("none", "activation", choice, name("none")),
            ("none", "reduction", None, name("none")),
            ("true", "batch", Some(Kind::Flag), Value::Flag(true)),
            ("false", "batch", Some(Kind::Flag), Value::Flag(false)),
            ("-1.5e-3", "gamma", Some(Kind::Number), Value::Number(-1.5e-3)),
            ("255", "ignore_index", Some(Kind::Integer), Value::Number(255.0)),
            ("softmax", "activation", choice, name("softmax")),
            ("1,5", "gamma", Some(Kind::Number), name("1,5")),
            ("0.1,0.5", "quantiles", Some(Kind::Numbers), Value::Numbers(vec![0.1, 0.5])),
            ("0.1,high", "quantiles", Some(Kind::Numbers), name("0.1,high")),
            ("2", "unheard_of", None, Value::Number(2.0)),
        ];
        for (text, option, kind, expected) in values {
            assert_eq!(value(text, option, kind), expected, "{option}={text}");
        }
    }

    #[test]
    fn a_pair_has_a_name_and_a_value() {
        assert_eq!(pair("input=a=b.npy"), Ok(("input".into(), "a=b.npy".into())));
        for text in ["input", "=a.npy", "input=", ""] {
            assert!(pair(text).is_err(), "{text}");
        }
    }
}
