//! Gives a term its observations.

use super::{Observation, Operand, Term};

impl<T: Operand> Term<T> {
    /// The term with an [`Observation`] beside its loss: the accuracy, for example. Observations are the last parts of the
    /// outcome, in the order of the variants.
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, Observation, cpu};
    /// let logits = Array::new(&[2.0f32, 0.0, 1.0, 0.0, 3.0, 1.0], [2, 3])?;
    /// let labels = Array::new(&[0i32, 2], [2])?;
    /// let term = CrossEntropy::default().of(&logits, &labels).observe(Observation::Accuracy);
    /// let outcome = cpu::value(&term)?;
    /// let accuracy = &outcome.parts()[1];
    /// assert_eq!((accuracy.name.as_str(), accuracy.sum, accuracy.denominator), ("cross_entropy.accuracy", 1.0, 2.0));
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated: [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss that does not make the
    /// observation, and for two different top-k; of a softmax, for a shard of its classes, and for all but the entropy where the
    /// target holds probabilities.
    pub fn observe(self, observation: Observation) -> Term<T> {
        self.each(|part| {
            if let Err(place) = part.observations.binary_search(&observation) {
                part.observations.insert(place, observation);
            }
        })
    }
}
