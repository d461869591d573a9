//! Checks that a call asks for gradients only of operands that have one.

use crate::error::{Error, Result};
use crate::term::{Operand, Term};

impl<T: Operand> Term<T> {
    /// Refuses operands that the term has no gradient for, as a call that asks for their gradients does.
    ///
    /// # Errors
    /// [`Error::InvalidOperand`], with the first operand that has no gradient.
    pub fn differentiable(&self, of: &[&T]) -> Result<()> {
        differentiable(self, of)
    }
}

/// Refuses a tensor that the term has no gradient for.
pub(crate) fn differentiable<T: Operand>(term: &Term<T>, of: &[&T]) -> Result<()> {
    for (place, tensor) in of.iter().enumerate() {
        let mut found: Option<(&'static str, &str)> = None;
        let mut good = false;
        for part in &term.parts {
            let header = part.loss.header();
            for (name, _) in part.operands.iter().filter(|(_, operand)| operand.is(tensor)) {
                good |= header.operand(name).is_some_and(|spec| spec.gradient);
                found = found.or(Some((header.id, name)));
            }
        }
        if !good {
            let (loss, operand, reason) = match found {
                Some((loss, operand)) => (loss, operand.into(), "has no gradient"),
                // a tensor that is no operand has no name, so the error gives its place in the call
                None => (term.id(), format!("of[{place}]"), "has no gradient, since it is not among the operands"),
            };
            return Err(Error::InvalidOperand { loss, operand, reason: reason.into() });
        }
    }
    Ok(())
}
