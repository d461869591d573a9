//! The accuracy of predictions.

use super::metric::{Counting, Metric};
use crate::error::Result;

/// The share of positions whose predicted class is their label, as counts: `right / positions`.
///
/// [`cpu::accuracy`](crate::cpu::accuracy) and `Gpu::accuracy` count it of [`Predictions`](crate::Predictions), whose page has the
/// shapes and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// The numbers of positions that are right, that are wrong, and that have no prediction.
    cells: [u32; 3],
}

impl Accuracy {
    /// The number of positions whose predicted class is their label.
    pub fn right(&self) -> u32 {
        self.cells[0]
    }

    /// The number of positions that take part.
    pub fn positions(&self) -> u32 {
        // this cannot overflow, since a merge refuses more positions than u32 counts
        self.cells.iter().sum()
    }

    /// The number of positions that have no prediction, because one of their logits is NaN. They count as wrong.
    pub fn unpredicted(&self) -> u32 {
        self.cells[2]
    }

    /// The accuracy: the positions that are right over all that take part. NaN if there are none.
    pub fn value(&self) -> f64 {
        f64::from(self.right()) / f64::from(self.positions())
    }

    /// Adds the positions of another accuracy: of the next batch, or of another device.
    ///
    /// # Errors
    /// [`Error::TooLarge`](crate::Error::TooLarge) for more than 2^32 − 1 positions in all. Nothing is added then.
    pub fn merge(&mut self, other: &Accuracy) -> Result<()> {
        let needed = u64::from(self.positions()) + u64::from(other.positions());
        Accuracy::COUNTING.countable(needed)?;
        self.cells.iter_mut().zip(other.cells).for_each(|(own, other)| *own += other);
        Ok(())
    }
}

impl Metric for Accuracy {
    const COUNTING: Counting = Counting::Accuracy;

    fn of_cells(_: usize, cells: Vec<u32>) -> Accuracy {
        let mut own = [0; 3];
        own.iter_mut().zip(cells).for_each(|(own, count)| *own = count);
        Accuracy { cells: own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_positions_than_32_bits_count_are_refused() {
        let most = Accuracy { cells: [u32::MAX - 3, 1, 1] };
        let (mut all, before) = (most, most);
        all.merge(&Accuracy { cells: [1, 0, 0] }).expect("2^32 - 1 positions");
        assert_eq!((all.right(), all.positions()), (u32::MAX - 2, u32::MAX));
        let mut refused = most;
        let said = refused.merge(&Accuracy { cells: [0, 1, 1] }).expect_err("2^32 positions").to_string();
        assert_eq!(said, "accuracy: positions: 4294967296 needed, the limit is 4294967295");
        assert_eq!(refused, before, "nothing is added");
    }
}
