//! The cells of a metric. Every position that takes part is counted in one of them.

use crate::error::{Error, Result};

/// A metric that counts positions: [`Accuracy`](crate::Accuracy) or [`ConfusionMatrix`](crate::ConfusionMatrix).
pub trait Metric: Sized + Send + 'static {
    /// The cells that the metric counts.
    #[doc(hidden)]
    const COUNTING: Counting;

    /// The metric whose cells have these counts.
    #[doc(hidden)]
    fn of_cells(classes: usize, cells: Vec<u32>) -> Self;
}

/// The metrics, by the cells that they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// The positions that are right, that are wrong, and that have no prediction.
    Accuracy,
    /// The positions of each label and predicted class, and those of each label that have no prediction.
    ConfusionMatrix,
}

impl Counting {
    /// Its name in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Counting::Accuracy => "accuracy",
            Counting::ConfusionMatrix => "confusion_matrix",
        }
    }

    /// The shape of all cells. The last row of a matrix counts the positions without a prediction.
    pub fn cells(self, classes: usize) -> Vec<usize> {
        match self {
            Counting::Accuracy => vec![3],
            Counting::ConfusionMatrix => vec![classes.saturating_add(1), classes],
        }
    }

    /// The cell of a position. The files in `shaders/metrics/cell` compute the same.
    pub fn cell(self, classes: usize, label: usize, predicted: Option<usize>) -> usize {
        match (self, predicted) {
            (Counting::Accuracy, Some(predicted)) => usize::from(predicted != label),
            (Counting::Accuracy, None) => 2,
            (Counting::ConfusionMatrix, Some(predicted)) => label * classes + predicted,
            (Counting::ConfusionMatrix, None) => classes * classes + label,
        }
    }

    /// Refuses more positions than a u32 counts.
    pub fn countable(self, positions: u64) -> Result<()> {
        let limit = u32::MAX.into();
        match positions > limit {
            true => Err(Error::TooLarge { what: format!("{}: positions", self.name()), needed: positions, limit }),
            false => Ok(()),
        }
    }
}
