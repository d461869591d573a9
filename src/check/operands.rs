//! Checks which operands are given, and their dtypes.

use crate::error::{Error, Result};
use crate::role::Role;
use crate::term::{Operand, Part};

/// Refuses an operand that the loss does not take, one that is given twice, and one that is missing.
pub(super) fn given<T: Operand>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let refuse = |operand: &str, reason: &str| {
        Err(Error::InvalidOperand { loss: header.id, operand: operand.into(), reason: reason.into() })
    };
    for (place, (name, _)) in part.operands.iter().enumerate() {
        if header.operand(name).is_none() {
            return refuse(name, "is not one that this loss takes");
        }
        if part.operands[..place].iter().any(|(earlier, _)| earlier == name) {
            return refuse(name, "is given twice");
        }
    }
    match header.operands.iter().find(|spec| !spec.optional && part.operand(spec.name).is_none()) {
        Some(missing) => refuse(missing.name, "is missing"),
        None => Ok(()),
    }
}

/// Refuses integers where a role wants floats, and floats where it wants integers.
pub(super) fn dtypes<T: Operand>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    for (name, tensor) in &part.operands {
        let Some(spec) = header.operand(name) else { continue };
        let float = tensor.dtype().is_float();
        let expected = match spec.role {
            // labels and dense targets are both fine, and so are masks of floats and of integers
            Role::Target | Role::Mask => continue,
            role if role.is_integer() && float => "integers",
            role if role.is_integer() => continue,
            _ if float => continue,
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
