//! Everything that is refused before a term is computed: options, operands, dtypes and shapes, in this order, then labels
//! that lie in the host's memory.

mod bounds;
mod checked;
mod composite;
mod differentiable;
mod header;
mod hints;
mod inspections;
mod labels;
mod observations;
mod operands;
mod options;
mod part;
mod predictions;
mod refusal;
mod sequences;
mod shapes;
mod shards;
mod statistics;
mod varying;
mod work;

pub(crate) use checked::{Checked, Divisor};
pub(crate) use differentiable::differentiable;
#[cfg(feature = "gpu")]
pub(crate) use inspections::{Inspection, Kept, Masked, Rule};
#[cfg(feature = "gpu")]
pub(crate) use labels::{Lengths, SegmentNumbers};
#[cfg(feature = "gpu")]
pub(crate) use predictions::Counted;
pub(crate) use predictions::predictions;
#[cfg(feature = "gpu")]
pub(crate) use sequences::not_the_sum;
pub(crate) use shards::{OF_NOTES, OF_POSITION, OF_REGION};
pub(crate) use statistics::statistics;
#[cfg(feature = "gpu")]
pub(crate) use varying::typical;
pub(crate) use work::{ClassFold, Lattice, Pairs, Work, work};

use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::reduction::Reduction;
use crate::term::{Operand, Part, Term};

/// Checks every part of a term. Returns the term with each sum of losses replaced by its losses, and the results of the
/// checks of each part.
pub(crate) fn term<T: Operand>(term: &Term<T>) -> Result<(Term<T>, Vec<Checked>)> {
    if term.parts.is_empty() {
        let (loss, operand, reason) = ("term", "terms".into(), "is missing: a sum of no terms has no loss".into());
        return Err(Error::InvalidOperand { loss, operand, reason });
    }
    let alone = term.parts.len() == 1;
    let (mut parts, mut checked) = (Vec::new(), Vec::new());
    for part in &term.parts {
        if part.reduction == Reduction::None && !alone {
            return Err(Error::InvalidOption {
                loss: part.loss.header().id,
                option: "reduction".into(),
                value: "none".into(),
                expected: "a reduction, in a sum of terms".into(),
            });
        }
        let part = varying::settled(part)?;
        if let Leaf::Composite(leaf) = part.loss.leaf() {
            composite::check(&part, &term.parts, leaf, &mut parts, &mut checked)?;
        } else {
            shards::needs_among(&part)?;
            checked.push(part::check(&part, &term.parts)?);
            parts.push(part.into_owned());
        }
    }
    Ok((Term::of_parts(parts), checked))
}

impl<T: Operand> Term<T> {
    /// Checks the term as a call does, and returns the shape of its loss: `[]`, or the shape of its values if it is not
    /// reduced. Nothing is computed. It is for programs that allocate the memory for a loss, or that refuse a term
    /// before they queue it.
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, Reduction};
    /// let logits = Array::new(&[0.0f32; 12], [2, 3, 2])?;
    /// let labels = Array::new(&[0i32; 4], [2, 2])?;
    /// let term = CrossEntropy::default().of(&logits, &labels);
    /// assert_eq!(term.loss_shape()?, []);
    /// assert_eq!(term.reduce(Reduction::None).loss_shape()?, [2, 2]);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// Every refusal of [`Error`] that follows from options, dtypes and shapes alone, and from labels of the host.
    pub fn loss_shape(&self) -> Result<Vec<usize>> {
        let (parts, checked) = term(self)?;
        let unreduced = parts.parts.iter().zip(checked).find(|(part, _)| part.reduction == Reduction::None);
        Ok(unreduced.map(|(_, checked)| checked.loss_shape).unwrap_or_default())
    }

    /// The names of the parts of the term's outcome, in their order. The term is checked, but nothing is computed.
    ///
    /// # Errors
    /// As [`loss_shape`](Self::loss_shape).
    pub fn part_names(&self) -> Result<Vec<String>> {
        let parts = term(self)?.0.parts;
        let rows = parts.iter().flat_map(Part::outcome_rows).chain(parts.iter().flat_map(Part::observation_rows));
        Ok(rows.flat_map(|row| [Some(row.name), row.extra]).flatten().collect())
    }
}
