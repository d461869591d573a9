//! Checks the numbers of a part that change between runs, and reads those that the host has.

use super::refusal::mismatch;
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::options::{Kind, OptionSpec, Range, Value};
use crate::shape::DType;
use crate::term::{COEFFICIENT, Operand, Part, Varying};
use std::borrow::Cow;

/// Returns the part with its varying numbers set to those that arrays on the host hold. Refuses numbers that cannot vary.
pub(super) fn settled<T: Operand>(part: &Part<T>) -> Result<Cow<'_, Part<T>>> {
    let mut settled = Cow::Borrowed(part);
    for (place, varying) in part.varying.iter().enumerate() {
        let number = varying.number.as_str();
        if part.varying[..place].iter().any(|other| other.number == number) {
            return Err(refuse(part, number, "a number that varies only once"));
        }
        if number != COEFFICIENT {
            option(part, number)?;
        }
        if let Some(value) = held(part, varying)? {
            let part = settled.to_mut();
            if number == COEFFICIENT {
                part.weight = value;
            } else {
                part.loss = part.loss.with_option(number, &Value::Number(value.into()))?.into();
            }
        }
    }
    Ok(settled)
}

/// Refuses an option that cannot vary.
fn option<T: Operand>(part: &Part<T>, name: &str) -> Result<()> {
    // for an unknown name, `with_option` makes the error
    let loss = &part.loss;
    let specs = loss.specs();
    let Some((place, spec)) = specs.iter().enumerate().find(|(_, spec)| spec.name == name) else {
        return loss.with_option(name, &Value::None).map(drop);
    };
    let value = &loss.values()[place];
    if !matches!((spec.kind, value), (Kind::Number | Kind::NumberOrNone, Value::Number(_))) {
        return Err(refuse(part, name, "an option with a number, to vary"));
    }
    // a value set later is checked by its range alone, so it must not conflict with other options
    let inside = typical(spec);
    let varied = loss.with_option(name, &Value::Number(inside))?;
    if let Some((option, expected)) = varied.leaf().conflict().filter(|(option, _)| *option == name) {
        return Err(refuse(part, option, &format!("another option, to vary, since this one is {expected}")));
    }
    // An option that changes the weights of the part's outcome rows, such as that of a fused loss, cannot vary. Two
    // values are tried, since one alone may be the part's own.
    let weights = |value: f64| {
        let loss = loss.with_option(name, &Value::Number(value))?.into();
        let rows = Part { loss, weight: 1.0, share: 1.0, ..part.clone() }.outcome_rows();
        Ok(rows.into_iter().map(|row| row.weight).collect::<Vec<_>>())
    };
    if matches!(loss.leaf(), Leaf::Composite(_)) || weights(inside)? != weights(0.5 * inside)? {
        return Err(refuse(part, name, "coefficients of a sum of terms instead, to vary how losses are weighted"));
    }
    Ok(())
}

/// A value of an option for which no loss has a kernel of its own.
pub(crate) fn typical(spec: &OptionSpec) -> f64 {
    // neither whole nor an end of the range
    const INSIDE: f64 = 0.3125;
    let inside = match spec.range {
        Range::Any => INSIDE,
        Range::AtLeast(low) | Range::Above(low) => low + INSIDE,
        Range::Within(low, high) | Range::Between(low, high) => low + (INSIDE * (high - low)),
    };
    // adding a bound may have made it whole
    if inside.fract() == 0.0 { inside + (0.25 * INSIDE) } else { inside }
}

/// The number that an array on the host holds. Refuses a tensor that does not hold one f32.
fn held<T: Operand>(part: &Part<T>, varying: &Varying<T>) -> Result<Option<f32>> {
    let Some(tensor) = &varying.from else { return Ok(None) };
    let (loss, operand) = (part.loss.header().id, varying.number.clone());
    if tensor.dtype() != DType::F32 {
        return Err(Error::UnsupportedDtype { loss, operand, got: tensor.dtype(), expected: "f32".into() });
    }
    if tensor.shape().iter().product::<usize>() != 1 {
        return Err(mismatch(part.loss.header(), &varying.number, "[] or [1]".into(), tensor));
    }
    Ok(tensor.host().and_then(|array| array.to_f32().first().copied()))
}

fn refuse<T>(part: &Part<T>, name: &str, expected: &str) -> Error {
    let place = part.loss.specs().iter().position(|spec| spec.name == name);
    let value = place.map_or(part.weight.to_string(), |place| part.loss.values()[place].to_string());
    Error::InvalidOption { loss: part.loss.header().id, option: name.into(), value, expected: expected.into() }
}
