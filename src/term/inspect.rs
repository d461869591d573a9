//! Asks for the numbers of a term's operands to be inspected.

use super::{Operand, Term};

impl<T: Operand> Term<T> {
    /// The term with the numbers of its operands inspected, where they take part. It is for finding out where a NaN comes from, or
    /// whether targets are what a loss expects.
    ///
    /// A NaN or an infinity gives [`Error::NotFinite`](crate::Error::NotFinite); but a logit of a softmax, the bias of a
    /// class or a log-probability may be −∞. [`Error::TargetOutOfRange`](crate::Error::TargetOutOfRange) is the error for a
    /// probability outside of 0 to 1, for probabilities of a softmax whose sum over the classes is off by more than 0.001
    /// (0.01 in bf16), for a target that is neither −1 nor 1 where it has to be one of these, and for a float in a mask that
    /// is neither 0 nor 1. What a mask or an ignored label leaves out may hold anything. So may tables, of which a loss uses
    /// some entries. For a shard of the classes, sums are not checked.
    ///
    /// Both errors are reported like a label out of range: the twin refuses the call; a GPU computes it, and every read of the
    /// result returns the error, but the device stays usable. The error names the first number that breaks a rule: labels come
    /// before all other operands, which are in the order of the loss's header. The GPU reads every operand once more for this,
    /// before the loss does.
    ///
    /// ```
    /// use wgloss::{Array, BceWithLogits, Error, cpu};
    /// let logits = Array::new(&[0.5f32, f32::NAN, 2.0], [3])?;
    /// let targets = Array::new(&[0.0f32, 1.0, 1.5], [3])?;
    /// let mask = Array::new(&[1.0f32, 0.0, 1.0], [3])?;
    /// let term = BceWithLogits::default().of(&logits, &targets).mask(&mask);
    /// assert!(cpu::value(&term).is_ok());
    /// let refused = cpu::value(&term.checked()).unwrap_err();
    /// assert!(matches!(&refused, Error::TargetOutOfRange { position: 2, .. }), "{refused}");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn checked(self) -> Term<T> {
        self.each(|part| part.checked = true)
    }
}
