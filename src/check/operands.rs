//! Checks which operands are given, and their dtypes.

use crate::error::{Error, Result};
use crate::role::Role;
use crate::term::{Operand, Part};

/// Refuses an operand that the loss does not take, one that is given twice, and one that is missing. The error names all of
/// the term's `parts` that have the operand and do not take it.
pub(super) fn given<T: Operand>(part: &Part<T>, parts: &[Part<T>]) -> Result<()> {
    let header = part.loss.header();
    let refuse = |operand: &str, reason: &str| {
        Err(Error::InvalidOperand { loss: header.id, operand: operand.into(), reason: reason.into() })
    };
    for (place, (name, _)) in part.operands.iter().enumerate() {
        if header.operand(name).is_none() {
            return refuse(name, &not_taken(name, parts));
        }
        if part.operands[..place].iter().any(|(earlier, _)| earlier == name) {
            return refuse(name, "is given twice");
        }
    }
    match part.loss.required().find(|name| part.operand(name).is_none()) {
        Some(missing) => refuse(missing, "is missing"),
        None => Ok(()),
    }
}

/// Says why an operand is refused that some of a term's parts do not take.
fn not_taken<T: Operand>(name: &str, parts: &[Part<T>]) -> String {
    let refusing =
        parts.iter().filter(|part| part.operand(name).is_some() && part.loss.header().operand(name).is_none());
    let refusing: Vec<String> = refusing.map(|part| format!("`{}`", part.name)).collect();
    match parts.len() {
        1 => "is not one that this loss takes".into(),
        _ => format!(
            "is not one that {} can take in this sum; give it to the other terms before adding them up",
            refusing.join(", ")
        ),
    }
}

/// Refuses integers where an operand has to hold floats, and floats where it has to hold integers.
pub(super) fn dtypes<T: Operand>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    for (name, tensor) in &part.operands {
        let Some(spec) = header.operand(name) else { continue };
        let float = tensor.dtype().is_float();
        let expected = match spec.role {
            // labels and dense targets are both fine, and a mask has one meaning in every type
            Role::Target | Role::Mask => continue,
            role if role.is_integer() && float => "integers",
            role if role.is_integer() => continue,
            _ if float || spec.integers => continue,
            _ => "floats",
        };
        let (operand, got) = (name.clone(), tensor.dtype());
        return Err(Error::UnsupportedDtype { loss: header.id, operand, got, expected: expected.into() });
    }
    match part.scale_tensors().find(|(_, tensor)| !tensor.dtype().is_float()) {
        Some((name, tensor)) => {
            let (operand, got) = (name.into(), tensor.dtype());
            Err(Error::UnsupportedDtype { loss: header.id, operand, got, expected: "floats".into() })
        }
        None => Ok(()),
    }
}
