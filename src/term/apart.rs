//! A term taken apart, for programs that evaluate its losses one by one, or over several devices.

use super::{Operand, Term};
use crate::error::Result;
use crate::options::Value;
use crate::reduction::Reduction;

impl<T: Clone> Term<T> {
    /// Each loss of the sum as a term of its own, with its coefficient and all its settings.
    ///
    /// ```
    /// use wgloss::{Array, L1, Mse, cpu};
    /// let (x, t) = (Array::new(&[1.0f32], [1])?, Array::new(&[3.0f32], [1])?);
    /// let term = Mse::default().of(&x, &t) + 0.5 * L1::default().of(&x, &t);
    /// let losses = term.terms().iter().map(|loss| cpu::value(loss)?.loss()).collect::<Result<Vec<f64>, _>>()?;
    /// assert_eq!(losses, [4.0, 1.0]);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub fn terms(&self) -> Vec<Term<T>> {
        self.parts.iter().map(|part| Term::of_parts(vec![part.clone()])).collect()
    }
}

impl<T> Term<T> {
    /// Whether each loss of the term divides its sum by a denominator of its own, as a mean does without
    /// [`divide_by`](Self::divide_by). The denominators of a batch's shards then add up to the batch's.
    pub fn has_own_denominators(&self) -> bool {
        let own = |reduction| !matches!(reduction, Reduction::Sum | Reduction::None);
        self.parts.iter().all(|part| own(part.reduction) && part.divide_by.is_none())
    }
}

impl<T> Term<T> {
    /// The term with another value of an option of its losses.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for an option that a loss does not have, or a value of another kind.
    pub fn with_option(mut self, name: &str, value: &Value) -> Result<Term<T>> {
        for part in &mut self.parts {
            part.loss = part.loss.with_option(name, value)?.into();
        }
        Ok(self)
    }

    /// The term without the operand `name` of its losses.
    pub fn without_operand(mut self, name: &str) -> Term<T> {
        self.parts.iter_mut().for_each(|part| part.operands.retain(|(given, _)| given != name));
        self
    }
}

impl<T: Operand> Term<T> {
    /// The term with another tensor as the operand `name` of its losses. Operands of other names stay, even if they are the
    /// tensor that is replaced. A loss that lacks the operand stays as it is.
    pub fn with_operand(mut self, name: &str, tensor: &T) -> Term<T> {
        let operands = self.parts.iter_mut().flat_map(|part| &mut part.operands);
        operands.filter(|(given, _)| given == name).for_each(|(_, operand)| *operand = tensor.clone());
        self
    }
}
