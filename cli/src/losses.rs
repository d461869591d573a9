//! Finds losses, and their options and operands, by the names in arguments.

use crate::expression::compounds::{self, COMPOUNDS};
use crate::failure::Failure;
use crate::suggest::did_you_mean;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use std::ffi::OsStr;
use wgloss::{Loss, by_id};

/// The ids of all losses, and the names of ready-made sums.
pub fn names() -> Vec<&'static str> {
    ids().into_iter().chain(COMPOUNDS.iter().map(|compound| compound.id)).collect()
}

/// The ids of all losses.
pub fn ids() -> Vec<&'static str> {
    wgloss::all().iter().map(|loss| loss.header().id).collect()
}

/// The loss of this id.
pub fn named(id: &str) -> Result<Box<dyn Loss>, Failure> {
    by_id(id).ok_or_else(|| Failure::Input(unknown(id, &ids())))
}

/// The message that none of the known names is this one, with those that are most like it.
pub fn unknown(id: &str, known: &[&str]) -> String {
    if compounds::named(id).is_some() {
        return format!("`{id}` is a sum of losses, expected one loss; `wgloss describe {id}` shows the sum");
    }
    let question = did_you_mean(id, known).unwrap_or("`wgloss list` shows all".into());
    format!("there is no loss `{id}`; {question}")
}

/// The message that none of these losses has such an option or operand, with the names that there are.
pub fn without(losses: &[&str], what: &str, name: &str, known: &[&str]) -> String {
    let lacks = match losses {
        [one] => format!("{one} has no {what} `{name}`"),
        _ => format!("no loss of the sum has an {what} `{name}`"),
    };
    let known_names = known.join(", ");
    let there = if known.len() == 1 { "There is" } else { "There are" };
    match did_you_mean(name, known) {
        Some(question) => format!("{lacks}; {question} {there} {known_names}"),
        None => format!("{lacks}, but {known_names}"),
    }
}

/// Parses the name of a loss, and knows all of them for completions.
#[derive(Clone)]
pub struct Name(pub fn() -> Vec<&'static str>);

impl TypedValueParser for Name {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let name = StringValueParser::new().parse_ref(command, argument, value)?;
        let known = self.0();
        match known.contains(&name.as_str()) {
            true => Ok(name),
            false => {
                let why = format!("{}\n", unknown(&name, &known));
                Err(clap::Error::raw(ErrorKind::ValueValidation, why).with_cmd(command))
            }
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0().into_iter().map(PossibleValue::new)))
    }
}
