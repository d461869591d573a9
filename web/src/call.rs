//! A call from JavaScript: a loss, its operands and options, and the options of every call.

use crate::error::{bad_operand, bad_option};
use crate::js::{entries, numbers};
use crate::tensor::from_js;
use js_sys::Array as JsArray;
use wasm_bindgen::JsValue;
use wgloss::header::{Header, Value};
use wgloss::{Array, Error, Loss, Observation, Operand, PartOutcome, Result, Scale, Term, by_id};

/// The names that the option `observe` takes.
const OBSERVATIONS: &str = "one of accuracy, top_K, entropy, perplexity, iou, precision, recall, predicted, log_prob";

/// A call that has been read from JavaScript. The loss checks it when the term is evaluated.
#[derive(Debug)]
pub struct Call {
    loss: &'static Header,
    options: Vec<(String, Value)>,
    operands: Vec<(String, Array)>,
    upstream: Option<Scale<Array>>,
    divide_by: Option<Scale<Array>>,
    observe: Vec<Observation>,
    /// The indices of the operands whose gradients to compute.
    of: Vec<usize>,
}

/// A call's term, with its operands as tensors of some device.
pub struct Built<T> {
    /// The term.
    pub term: Term<T>,
    /// The operands, in the order they were given.
    pub operands: Vec<T>,
}

/// The options that every call takes besides the loss's own, and that [`Call`] handles itself. `Term::from_options` takes the
/// others: `reduction`, `empty_is_zero` and `checked`.
#[derive(Default)]
struct Own {
    gradients: Option<Vec<String>>,
    upstream: Option<Scale<Array>>,
    divide_by: Option<Scale<Array>>,
    observe: Vec<Observation>,
    class_axis_last: bool,
}

impl Call {
    /// Reads a call of the loss with this id.
    pub fn read(id: &str, operands: &JsValue, options: &JsValue) -> Result<Call> {
        let loss = by_id(id).ok_or_else(|| unknown(id))?;
        let header = loss.header();
        let (own, options) = split(header.id, options)?;
        let mut given = Vec::new();
        for (name, value) in entries(operands) {
            let array = from_js(header.id, &name, &value)?;
            let is_prediction = name == header.operands[0].name;
            let turned = own.class_axis_last && is_prediction;
            // gradients are returned as f32, whatever the dtype of their operand
            given.push((name, if turned { array.class_axis_last() } else { array }.f32_gradient()));
        }
        let of = match &own.gradients {
            Some(names) => names.iter().map(|name| find(header.id, &given, name)).collect::<Result<_>>()?,
            None => differentiable(&*loss, &given),
        };
        let Own { upstream, divide_by, observe, .. } = own;
        Ok(Call { loss: header, options, operands: given, upstream, divide_by, observe, of })
    }

    /// Builds the term. `tensor` converts each array to an operand.
    pub fn build<T: Operand>(&self, tensor: impl Fn(&Array) -> Result<T>) -> Result<Built<T>> {
        let operands = self.operands.iter().map(|(_, array)| tensor(array)).collect::<Result<Vec<_>>>()?;
        let options = self.options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let named = self.operands.iter().map(|(name, _)| name.as_str()).zip(&operands);
        let mut term = Term::from_options((self.loss.default)(), options, named)?;
        let scale = |scale: &Scale<Array>| {
            Ok(match scale {
                Scale::Number(number) => Scale::Number(*number),
                Scale::Tensor(array) => Scale::Tensor(tensor(array)?),
            })
        };
        if let Some(given) = &self.upstream {
            term = term.upstream(scale(given)?);
        }
        if let Some(given) = &self.divide_by {
            term = term.divide_by(scale(given)?);
        }
        term = self.observe.iter().fold(term, |term, observation| term.observe(*observation));
        Ok(Built { term, operands })
    }

    /// The term with its arrays as operands.
    pub fn on_host(&self) -> Result<Built<Array>> {
        self.build(|array| Ok(array.clone()))
    }

    /// The operands whose gradients to compute.
    pub fn of<'a, T>(&self, operands: &'a [T]) -> Vec<&'a T> {
        self.of.iter().map(|&place| &operands[place]).collect()
    }

    /// The names of the operands whose gradients to compute.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.of.iter().map(|&place| self.operands[place].0.as_str())
    }

    /// Whether the call observes anything.
    pub fn observes(&self) -> bool {
        !self.observe.is_empty()
    }

    /// The observations that are numbers, each with its name, from the parts of an outcome.
    pub fn observations<'a>(&self, parts: &'a [PartOutcome]) -> impl Iterator<Item = (&'a str, f64)> {
        let is_zero = |(name, value): &(String, Value)| name == "empty_is_zero" && *value == Value::Flag(true);
        let empty = if self.options.iter().any(is_zero) { 0.0 } else { f64::NAN };
        parts.iter().filter_map(move |part| {
            let observation = Observation::of_part(&part.name).filter(|found| self.observe.contains(found))?;
            Some((part.name.as_str(), observation.of_mean(part.mean_or(empty))))
        })
    }

    /// The index of an operand among those given.
    pub fn place(&self, name: &str) -> Result<usize> {
        find(self.loss.id, &self.operands, name)
    }

    /// The id of the loss.
    pub fn id(&self) -> &'static str {
        self.loss.id
    }
}

/// The error for an unknown id.
fn unknown(id: &str) -> Error {
    let expected = "the id of a loss, as `losses()` lists them".into();
    Error::InvalidOption { loss: "loss", option: "id".into(), value: id.into(), expected }
}

fn find(loss: &'static str, given: &[(String, Array)], name: &str) -> Result<usize> {
    let found = given.iter().position(|(given, _)| given == name);
    found.ok_or_else(|| bad_operand(loss, name, "is not among the operands of the call"))
}

/// The indices of the given operands that the loss has gradients for.
fn differentiable(loss: &dyn Loss, given: &[(String, Array)]) -> Vec<usize> {
    let has = |name: &str| loss.header().operand(name).is_some_and(|spec| spec.gradient);
    let floats = given.iter().enumerate().filter(|(_, (name, array))| has(name) && array.dtype().is_float());
    floats.map(|(place, _)| place).collect()
}

/// Separates the options in [`Own`] from those that `Term::from_options` takes.
fn split(id: &'static str, options: &JsValue) -> Result<(Own, Vec<(String, Value)>)> {
    let (mut own, mut of_loss) = (Own::default(), Vec::new());
    for (name, value) in entries(options) {
        match name.as_str() {
            "gradients" => own.gradients = Some(names(id, &name, &value, "an array of the names of operands")?),
            "observe" => own.observe = observations(id, &name, &value)?,
            "upstream" => own.upstream = Some(scale(id, &name, &value)?),
            "divide_by" => own.divide_by = Some(scale(id, &name, &value)?),
            "class_axis_last" => {
                own.class_axis_last = value.as_bool().ok_or_else(|| bad_option(id, &name, &value, "true or false"))?;
            }
            _ => {
                let expected = "a number, a text, true or false, null, or an array of numbers";
                let read = of_js(&value).ok_or_else(|| bad_option(id, &name, &value, expected))?;
                of_loss.push((name, read));
            }
        }
    }
    Ok((own, of_loss))
}

/// The observations whose names an option holds.
fn observations(loss: &'static str, option: &str, value: &JsValue) -> Result<Vec<Observation>> {
    let names = names(loss, option, value, "an array of the names of observations")?;
    let unknown = |name: String| {
        let expected = OBSERVATIONS.into();
        Error::InvalidOption { loss, option: option.into(), value: name, expected }
    };
    names.into_iter().map(|name| Observation::of_name(&name).ok_or_else(|| unknown(name))).collect()
}

fn names(loss: &'static str, option: &str, value: &JsValue, expected: &str) -> Result<Vec<String>> {
    let refuse = || bad_option(loss, option, value, expected);
    if !JsArray::is_array(value) {
        return Err(refuse());
    }
    JsArray::from(value).iter().map(|name| name.as_string().ok_or_else(refuse)).collect()
}

fn scale(loss: &'static str, name: &str, value: &JsValue) -> Result<Scale<Array>> {
    match value.as_f64() {
        Some(number) => Ok(Scale::Number(number as f32)),
        None => from_js(loss, name, value).map(Scale::Tensor),
    }
}

/// The value of an option; `None` if options have no such type.
fn of_js(value: &JsValue) -> Option<Value> {
    if value.is_null() {
        return Some(Value::None);
    }
    let number = value.as_f64().map(Value::Number);
    let flag = || value.as_bool().map(Value::Flag);
    let name = || value.as_string().map(Value::Name);
    number.or_else(flag).or_else(name).or_else(|| numbers(value).map(Value::Numbers))
}
