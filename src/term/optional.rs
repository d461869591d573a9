//! Gives a term its optional operands.

use super::extra::each_extra;
use super::{Extra, Operand, Term};

/// # Optional operands
///
/// Each loss's page says which it takes. In a sum of terms, the operand goes to each term of the sum.
impl<T: Operand> Term<T> {
    /// The term with one more operand. Each [`Extra`] also has a method of its name, such as [`mask`](Self::mask).
    ///
    /// In a sum of terms, each term gets the operand:
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, SoftmaxFocal, cpu};
    /// let logits = Array::new(&[0.5f32, -1.0, 2.0, 0.0], [2, 2])?;
    /// let labels = Array::new(&[0i32, 1], [2])?;
    /// let first = Array::new(&[true, false], [2])?;
    /// let sum = CrossEntropy::new().of(&logits, &labels) + 0.5 * SoftmaxFocal::new().of(&logits, &labels);
    /// let loss = cpu::value(&sum.mask(&first))?.loss()?;
    /// # assert!(loss > 0.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated: [`Error::InvalidOperand`](crate::Error::InvalidOperand) names every term of the sum that
    /// does not take the operand. Give the operand to the other terms before you add them up.
    pub fn with(self, extra: Extra, tensor: &T) -> Term<T> {
        self.each(|part| part.operands.push((extra.name().into(), tensor.clone())))
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident $name:ident,)+) => {
        impl<T: Operand> Term<T> {
            $(
                #[doc = concat!("The term [with](Self::with) [`Extra::", stringify!($variant), "`].")]
                ///
                $(#[$doc])*
                pub fn $name(self, tensor: &T) -> Term<T> {
                    self.with(Extra::$variant, tensor)
                }
            )+
        }
    };
}

each_extra!(methods);
