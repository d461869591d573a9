//! The operands of a metric: predictions and their labels.

#[cfg(feature = "gpu")]
use crate::error::Result;
use crate::term::Operand;

/// Predictions beside the labels of their positions, for an [`Accuracy`](crate::Accuracy) or a
/// [`ConfusionMatrix`](crate::ConfusionMatrix). They are checked and counted when they are given to one of the functions
/// [`cpu::accuracy`](crate::cpu::accuracy) and [`cpu::confusion_matrix`](crate::cpu::confusion_matrix), or to one of the
/// methods of the same names of a `Gpu`.
///
/// - **`input`** holds logits, `[N, C, d1, ..., dk]` or with the classes along the last axis, of any type of floats. The predicted
///   class is that of the greatest logit, of the first if several are equal. Probabilities, or any other scores, do as well. A
///   position with a NaN has no prediction: it is counted apart, and is wrong. An infinity is a number like any other.
///   Or `input` holds predicted labels, of any type of integers, in the shape of `target`. Then [`classes`](Self::classes) says how
///   many classes there are.
/// - **`target`** holds a label for each position, `[N, d1, ..., dk]`, of any type of integers.
/// - **`mask`**, in the shape of `target` and of any type, leaves out the positions where it is 0.
///
/// A position that is masked or whose label is ignored takes no part, whatever its prediction is.
///
/// # Errors
/// A call gives one of these errors before it counts anything:
///
/// - [`InvalidOption`](crate::Error::InvalidOption): the number of classes is missing, or is not that of the logits.
/// - [`UnsupportedDtype`](crate::Error::UnsupportedDtype): `target` holds floats.
/// - [`ShapeMismatch`](crate::Error::ShapeMismatch): the shape of an operand is not the one above.
/// - [`LabelOutOfRange`](crate::Error::LabelOutOfRange): a label is neither in `0..C` nor ignored, or the predicted label of a
///   position that takes part is not in `0..C`. If the labels are on a GPU, the next read of the counts gives this error, and the
///   position is not counted.
/// - [`TooLarge`](crate::Error::TooLarge): there are more than 2^32 − 1 positions, or more counts than a tensor can have. A GPU
///   takes up to 2,621,440 classes.
///
/// ```
/// use wgloss::{Array, Predictions, cpu};
/// let logits = Array::new(&[0.1f32, 0.9, 0.8, 0.2, 0.5, f32::NAN, 0.0, 0.0], [4, 2])?;
/// let labels = Array::new(&[1u8, 1, 0, 255], [4])?;
/// let predictions = Predictions::of(&logits, &labels).ignore_index(255);
/// let accuracy = cpu::accuracy(&predictions)?;
/// assert_eq!((accuracy.right(), accuracy.positions(), accuracy.unpredicted()), (1, 3, 1));
/// let matrix = cpu::confusion_matrix(&predictions)?;
/// assert_eq!(matrix.counts().to_f64(), [0.0, 0.0, 1.0, 1.0]); // a row for each label, a column for each prediction
/// assert_eq!(matrix.unpredicted(), [1, 0]);
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions<T> {
    pub(crate) input: T,
    pub(crate) target: T,
    pub(crate) mask: Option<T>,
    pub(crate) ignore_index: Option<i32>,
    pub(crate) classes: Option<usize>,
}

impl<T: Operand> Predictions<T> {
    /// Joins logits or predicted labels with the labels of their positions.
    pub fn of(input: &T, target: &T) -> Predictions<T> {
        Predictions { input: input.clone(), target: target.clone(), mask: None, ignore_index: None, classes: None }
    }

    /// Leaves out the positions where the mask is 0.
    pub fn mask(mut self, mask: &T) -> Predictions<T> {
        self.mask = Some(mask.clone());
        self
    }

    /// Leaves out the positions with this label, which may lie outside the classes.
    ///
    /// Default: none. Range: any i32.
    pub fn ignore_index(mut self, label: i32) -> Predictions<T> {
        self.ignore_index = Some(label);
        self
    }

    /// Sets the number of classes. Predicted labels need it. For logits it is the length of their class axis.
    ///
    /// Default: the number of classes of the logits. Range: at least 1.
    pub fn classes(mut self, classes: usize) -> Predictions<T> {
        self.classes = Some(classes);
        self
    }
}

impl<T> Predictions<T> {
    /// The operands, with their names.
    pub(crate) fn operands(&self) -> impl Iterator<Item = (&'static str, &T)> {
        [("input", &self.input), ("target", &self.target)]
            .into_iter()
            .chain(self.mask.iter().map(|mask| ("mask", mask)))
    }

    /// The predictions with each tensor replaced by what `f` returns for it.
    #[cfg(feature = "gpu")]
    pub(crate) fn map<U>(&self, mut f: impl FnMut(&T) -> Result<U>) -> Result<Predictions<U>> {
        Ok(Predictions {
            input: f(&self.input)?,
            target: f(&self.target)?,
            mask: self.mask.as_ref().map(f).transpose()?,
            ignore_index: self.ignore_index,
            classes: self.classes,
        })
    }
}
