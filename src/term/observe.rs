//! Gives a term its observations.

use super::{Observation, Operand, Term};

impl<T: Operand> Term<T> {
    /// The term with an [`Observation`] beside its loss, such as the accuracy. Observations that are numbers are the last
    /// parts of the outcome. Those with a number for each position are [tensors of the
    /// outcome](crate::cpu::Outcome::observed). Both are in the order of the variants.
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
    /// When the term is evaluated: [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss that does not make
    /// the observation, and for two different top-k. For a softmax also for top-k of a shard of its classes, and where
    /// the target holds probabilities, for all observations that need a label: all but the entropy and the predicted
    /// class.
    pub fn observe(self, observation: Observation) -> Term<T> {
        self.each(|part| {
            if let Err(place) = part.observations.binary_search(&observation) {
                part.observations.insert(place, observation);
            }
        })
    }
}
