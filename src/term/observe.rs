//! Gives a term its observations.

use super::{Observation, Operand, Term};

impl<T: Operand> Term<T> {
    /// The term with an [`Observation`] beside its loss: the accuracy, for example. Numbers are the last parts of the outcome, and
    /// numbers for each position are [tensors of it](crate::cpu::Outcome::observed), in the order of the variants.
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, Observation, cpu};
    /// let logits = Array::new(&[2.0f32, 0.0, 1.0, 0.0, 3.0, 1.0], [2, 3])?;
    /// let labels = Array::new(&[0i32, 2], [2])?;
    /// let term = CrossEntropy::default().of(&logits, &labels).observe(Observation::Accuracy);
    /// let outcome = cpu::value(&term)?;
    /// let accuracy = &outcome.parts()[1];
    /// assert_eq!((accuracy.name.as_str(), accuracy.sum, accuracy.denominator), ("cross_entropy.accuracy", 1.0, 2.0));
    ///
    /// let outcome = cpu::value(&term.observe(Observation::Predicted))?;
    /// let (name, predicted) = &outcome.observed()[0];
    /// assert_eq!((name.as_str(), predicted.to_f64()), ("cross_entropy.predicted", vec![0.0, 1.0]));
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated: [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss that does not make the
    /// observation, and for two different top-k; of a softmax, for top-k of a shard of its classes, and for what needs a label where the
    /// target holds probabilities: all but the entropy and the predicted class.
    pub fn observe(self, observation: Observation) -> Term<T> {
        self.each(|part| {
            if let Err(place) = part.observations.binary_search(&observation) {
                part.observations.insert(place, observation);
            }
        })
    }
}
