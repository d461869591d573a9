//! Reads conformance cases: a list in JSON, and their tensors in a safetensors file.

use crate::judge::Tolerance;
use crate::way::Job;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use wgloss::header::{Header, Value};
use wgloss::{Array, Data};

/// The cases of a loss.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The loss's id.
    pub loss: String,
    cases: Vec<Json>,
}

/// A conformance case, read or refused.
pub struct Case {
    /// Its name, or an empty string.
    pub name: String,
    /// The case's inputs and expected results, or why it could not be read.
    pub body: Result<Body, String>,
}

/// The call to evaluate, and the expected result.
#[derive(Clone)]
pub struct Body {
    /// The loss, its options, operands and upstream gradient.
    pub job: Job,
    /// The expected result.
    pub expected: Expected,
}

/// The expected result of a case.
#[derive(Clone)]
pub enum Expected {
    /// An error of this kind.
    Refusal(String),
    /// These numbers.
    Numbers {
        /// How far off they may be.
        tolerance: Tolerance,
        /// The loss.
        loss: Array,
        /// The gradients, by the names of their operands.
        gradients: Vec<(String, Array)>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    options: Map<String, Json>,
    inputs: Vec<String>,
    gradients: Vec<String>,
    rtol: Option<f64>,
    atol: Option<f64>,
    error: Option<String>,
}

/// Reads the two files of a loss, `name`.json and `name`.safetensors, from their contents.
///
/// # Errors
/// The fault of a file that cannot be read, after the file's name.
pub fn read<'a>(name: &str, json: &[u8], tensors: &'a [u8]) -> Result<(Suite, SafeTensors<'a>), String> {
    let suite = serde_json::from_slice(json).map_err(|error| format!("{name}.json: {error}"))?;
    let tensors = SafeTensors::deserialize(tensors);
    Ok((suite, tensors.map_err(|error| format!("{name}.safetensors: is damaged: {error}"))?))
}

impl Suite {
    /// The number of cases.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there are no cases.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cases, each with its tensors.
    pub fn cases(&self, loss: &'static Header, tensors: &SafeTensors<'_>) -> Vec<Case> {
        let read = |json: &Json| {
            let name = json["name"].as_str().unwrap_or_default().to_string();
            let text = Text::deserialize(json).map_err(|error| error.to_string());
            Case { name, body: text.and_then(|text| text.read(loss, tensors)) }
        };
        self.cases.iter().map(read).collect()
    }
}

impl Text {
    fn read(self, loss: &'static Header, tensors: &SafeTensors<'_>) -> Result<Body, String> {
        let mut tensors = Tensors { prefix: format!("{}/", self.name), file: tensors, used: Vec::new() };
        let options = self.options.iter().map(|(name, json)| Ok((name.clone(), option(name, json)?)));
        let options = options.collect::<Result<_, String>>()?;
        let operands = tensors.named("", &self.inputs)?;
        let upstream = tensors.has("upstream").then(|| tensors.array("upstream")).transpose()?;
        let expected = match (self.error, self.rtol, self.atol) {
            (Some(kind), None, None) if self.gradients.is_empty() => Expected::Refusal(kind),
            (None, Some(rtol), Some(atol)) if rtol >= 0.0 && atol >= 0.0 => Expected::Numbers {
                tolerance: Tolerance { rtol, atol },
                loss: tensors.array("expect/loss")?,
                gradients: tensors.named("expect/grad/", &self.gradients)?,
            },
            _ => return Err("expected an `error`, or `rtol` and `atol`".into()),
        };
        tensors.all_used()?;
        Ok(Body { job: Job { loss, options, operands, upstream }, expected })
    }
}

fn option(name: &str, json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_f64().ok_or_else(|| format!("option `{name}` is {number}"))?),
        Json::String(text) => Value::Name(text.clone()),
        Json::Array(numbers) if numbers.iter().all(Json::is_number) => {
            Value::Numbers(numbers.iter().filter_map(Json::as_f64).collect())
        }
        Json::Array(_) | Json::Object(_) => return Err(format!("option `{name}` is {json}, which is not known")),
    })
}

/// A tensor as an array, with one of the types that cases have.
fn array(view: &TensorView<'_>) -> Result<Array, String> {
    macro_rules! elements {
        ($name:ident, $type:ty, $size:literal) => {
            Data::$name(view.data().as_chunks::<$size>().0.iter().map(|bytes| <$type>::from_le_bytes(*bytes)).collect())
        };
    }
    let data = match view.dtype() {
        Dtype::F32 => elements!(F32, f32, 4),
        Dtype::F64 => elements!(F64, f64, 8),
        Dtype::I32 => elements!(I32, i32, 4),
        other => return Err(format!("holds {other:?}, expected F32, F64 or I32")),
    };
    Array::from_data(data, view.shape()).map_err(|error| error.to_string())
}

/// The tensors of a case. The case has to use all of them.
struct Tensors<'a> {
    prefix: String,
    file: &'a SafeTensors<'a>,
    used: Vec<String>,
}

impl Tensors<'_> {
    fn has(&self, name: &str) -> bool {
        self.file.tensor(&format!("{}{name}", self.prefix)).is_ok()
    }

    fn array(&mut self, name: &str) -> Result<Array, String> {
        let name = format!("{}{name}", self.prefix);
        let view = self.file.tensor(&name).map_err(|_| format!("tensor `{name}` is missing"))?;
        let array = array(&view).map_err(|why| format!("tensor `{name}` {why}"))?;
        self.used.push(name);
        Ok(array)
    }

    fn named(&mut self, folder: &str, names: &[String]) -> Result<Vec<(String, Array)>, String> {
        names.iter().map(|name| Ok((name.clone(), self.array(&format!("{folder}{name}"))?))).collect()
    }

    fn all_used(&self) -> Result<(), String> {
        let mut own = self.file.names().into_iter().filter(|name| name.starts_with(&self.prefix));
        match own.find(|name| !self.used.iter().any(|used| used == name)) {
            Some(name) => Err(format!("tensor `{name}` is not known")),
            None => Ok(()),
        }
    }
}
