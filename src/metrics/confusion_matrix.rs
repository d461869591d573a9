//! The confusion matrix of predictions, and the scores of classes that follow from it.

use super::metric::{Counting, Metric};
use crate::array::Array;
use crate::error::{Error, Result};

/// How many positions of each label are predicted to be of each class: `[C, C]` counts, with a row for each label and a column for
/// each predicted class.
///
/// [`cpu::confusion_matrix`](crate::cpu::confusion_matrix) and `Gpu::confusion_matrix` count it of
/// [`Predictions`](crate::Predictions), whose page has the shapes and errors.
///
/// A position without a prediction, because one of its logits is NaN, is in no column: [`unpredicted`](Self::unpredicted)
/// counts it. It still is a position of its label, so that it counts as wrong in the accuracy, the recall, the IoU and
/// Dice.
///
/// For each class, `labelled` is the number of positions with this label, `predicted` the number of positions that are
/// predicted to be of this class, and `right` the number of positions that are both:
///
/// | method | score of each class |
/// |---|---|
/// | [`iou`](Self::iou) | `right / (labelled + predicted − right)`, the intersection over union |
/// | [`dice`](Self::dice) | `2·right / (labelled + predicted)`, the F1 score |
/// | [`precision`](Self::precision) | `right / predicted` |
/// | [`recall`](Self::recall) | `right / labelled` |
///
/// A score that divides by 0 is NaN, such as the precision of a class that no position is predicted to be of.
///
/// A mean over classes counts each class alike, however many positions it has. It leaves out the classes whose score is NaN:
///
/// | method | mean of | over the classes that |
/// |---|---|---|
/// | [`mean_iou`](Self::mean_iou) | `iou` | are the label or the prediction of a position |
/// | [`mean_dice`](Self::mean_dice), the macro F1 score | `dice` | are the label or the prediction of a position |
/// | [`balanced_accuracy`](Self::balanced_accuracy) | `recall` | are the label of a position |
///
/// ```
/// use wgloss::{Array, Predictions, cpu};
/// let predicted = Array::new(&[0i32, 1, 1, 1], [4])?;
/// let labels = Array::new(&[0i32, 0, 1, 1], [4])?;
/// let mut matrix = cpu::confusion_matrix(&Predictions::of(&predicted, &labels).classes(3))?;
/// matrix.merge(&matrix.clone())?; // the next batch
/// assert_eq!(matrix.counts().to_f64(), [2.0, 2.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.iou()[..2], [0.5, 2.0 / 3.0]);
/// assert!(matrix.iou()[2].is_nan());
/// assert_eq!(matrix.mean_iou(), (0.5 + 2.0 / 3.0) / 2.0);
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    /// The counts of the matrix, row by row; then for each label the number of positions without a prediction.
    cells: Vec<u32>,
}

/// The numbers of positions of a class, as the documentation of [`ConfusionMatrix`] defines them.
struct Class {
    right: u64,
    labelled: u64,
    predicted: u64,
}

impl ConfusionMatrix {
    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The counts, `[C, C]` of u32: a row for each label, a column for each predicted class.
    pub fn counts(&self) -> Array {
        let counts = &self.cells[..self.classes * self.classes];
        Array::new(counts, [self.classes, self.classes]).unwrap_or_else(|_| unreachable!("there are as many counts"))
    }

    /// For each label, the number of positions that have no prediction.
    pub fn unpredicted(&self) -> &[u32] {
        &self.cells[self.classes * self.classes..]
    }

    /// The number of positions that take part.
    pub fn positions(&self) -> u32 {
        // this cannot overflow, since a merge refuses more positions than u32 counts
        self.cells.iter().sum()
    }

    /// The share of positions whose predicted class is their label. NaN if there are none.
    pub fn accuracy(&self) -> f64 {
        let right: u32 = (0..self.classes).map(|k| self.cells[k * self.classes + k]).sum();
        f64::from(right) / f64::from(self.positions())
    }

    /// The intersection over union of each class.
    pub fn iou(&self) -> Vec<f64> {
        self.scores(|class| (class.right, class.labelled + class.predicted - class.right))
    }

    /// The Dice score of each class, which is its F1 score.
    pub fn dice(&self) -> Vec<f64> {
        self.scores(|class| (2 * class.right, class.labelled + class.predicted))
    }

    /// The precision of each class: the share of its predicted positions that have its label.
    pub fn precision(&self) -> Vec<f64> {
        self.scores(|class| (class.right, class.predicted))
    }

    /// The recall of each class: the share of the positions with its label that are predicted to be of it.
    pub fn recall(&self) -> Vec<f64> {
        self.scores(|class| (class.right, class.labelled))
    }

    /// The mean IoU over the classes that are the label or the prediction of a position. NaN if there are none.
    pub fn mean_iou(&self) -> f64 {
        mean(&self.iou())
    }

    /// The mean Dice score over the classes that are the label or the prediction of a position: the macro F1 score. NaN if
    /// there are none.
    pub fn mean_dice(&self) -> f64 {
        mean(&self.dice())
    }

    /// The mean recall over the classes that are the label of a position. NaN if there are none.
    pub fn balanced_accuracy(&self) -> f64 {
        mean(&self.recall())
    }

    /// Adds the counts of another matrix: of the next batch, or of another device.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for a matrix of another number of classes, [`Error::TooLarge`] for more than 2^32 − 1 positions in
    /// all. Nothing is added then.
    pub fn merge(&mut self, other: &ConfusionMatrix) -> Result<()> {
        if other.classes != self.classes {
            return Err(Error::ShapeMismatch {
                loss: ConfusionMatrix::COUNTING.name(),
                operand: "counts".into(),
                expected: format!("[{0}, {0}]", self.classes),
                got: vec![other.classes; 2],
            });
        }
        ConfusionMatrix::COUNTING.countable(u64::from(self.positions()) + u64::from(other.positions()))?;
        self.cells.iter_mut().zip(&other.cells).for_each(|(own, other)| *own += other);
        Ok(())
    }

    /// The quotient of the two numbers that `quotient` returns, for each class.
    fn scores(&self, quotient: impl Fn(&Class) -> (u64, u64)) -> Vec<f64> {
        let mut classes: Vec<Class> = self
            .unpredicted()
            .iter()
            .map(|&unpredicted| Class { right: 0, labelled: unpredicted.into(), predicted: 0 })
            .collect();
        for (label, row) in self.cells.chunks_exact(self.classes.max(1)).take(self.classes).enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                let count = u64::from(count);
                classes[label].labelled += count;
                classes[predicted].predicted += count;
                classes[label].right += if label == predicted { count } else { 0 };
            }
        }
        let of = |class: &Class| {
            let (part, whole) = quotient(class);
            part as f64 / whole as f64
        };
        classes.iter().map(of).collect()
    }
}

/// The mean of the scores that are not NaN.
fn mean(scores: &[f64]) -> f64 {
    let scores = || scores.iter().filter(|score| !score.is_nan());
    scores().sum::<f64>() / scores().count() as f64
}

impl Metric for ConfusionMatrix {
    const COUNTING: Counting = Counting::ConfusionMatrix;

    fn of_cells(classes: usize, cells: Vec<u32>) -> ConfusionMatrix {
        ConfusionMatrix { classes, cells }
    }
}
