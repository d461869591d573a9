//! Checks that a loss's header has the operands that its family's walk reads. The library's own losses pass; a loss of the
//! caller's own may not.

use crate::error::{Error, Result};
use crate::leaf::{Leaf, Pointwise};
use crate::loss::Header;
use crate::role::Role;
use crate::term::Part;

/// The most components of an element, and the most distances of a row: kernels hold them in vectors.
const MOST_COMPONENTS: usize = 4;
const MOST_DISTANCES: usize = 3;

/// Refuses a header without the operands that the family needs.
pub(super) fn check<T>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let one = |role| (role, 1);
    let needed = match part.loss.leaf() {
        Leaf::Pointwise(leaf) => {
            components(header, leaf)?;
            vec![one(Role::Element)]
        }
        Leaf::Boxes(_) => vec![(Role::Element, 2)],
        Leaf::Softmax(_) | Leaf::ClassSum(_) => vec![one(Role::Classes)],
        Leaf::Divergence(_) => vec![one(Role::Classes), one(Role::Dense)],
        Leaf::Region(leaf) => {
            if leaf.rider().is_some_and(|rider| !matches!(rider.loss.leaf(), Leaf::Softmax(_))) {
                return refuse(header, "has a rider that is no loss of a softmax".into());
            }
            vec![one(Role::Classes), one(Role::Target)]
        }
        Leaf::Vectors(leaf) => {
            if !(1..=MOST_DISTANCES).contains(&leaf.pairs().len()) {
                return refuse(header, format!("measures {} distances, expected 1 to 3", leaf.pairs().len()));
            }
            vec![(Role::Element, 1 + leaf.pairs().as_flattened().iter().max().unwrap_or(&0))]
        }
        Leaf::Similarity(_) => vec![one(Role::Rows)],
        Leaf::Linear(_) => vec![one(Role::Rows), one(Role::Projection), one(Role::Labels)],
        Leaf::Gram(_) => vec![(Role::Channels, 2)],
        // each loss of the sum is checked by itself
        Leaf::Composite(_) => return Ok(()),
    };
    if header.operands.first().is_none_or(|first| first.role != needed[0].0) {
        return refuse(header, format!("has to be the first operand, and of `Role::{:?}`", needed[0].0));
    }
    for (role, count) in needed {
        let given = header.operands.iter().filter(|spec| spec.role == role);
        if given.take_while(|spec| !spec.optional).count() < count {
            let lacks = format!("needs {count} of `Role::{role:?}` in the header that are not optional");
            return refuse(header, lacks);
        }
    }
    Ok(())
}

/// Refuses a loss whose elements have more numbers than a leaf sees, and an index without its table.
fn components(header: &'static Header, leaf: &dyn Pointwise) -> Result<()> {
    let count = header.components().count() + usize::from(leaf.columns().is_some());
    if count > MOST_COMPONENTS {
        return refuse(header, format!("has {count} components with the others, of {MOST_COMPONENTS} at most"));
    }
    let required = |role| header.player(role).is_some_and(|spec| !spec.optional);
    let neither = header.player(Role::Index).or(header.player(Role::Table)).is_none();
    match neither || (required(Role::Index) && required(Role::Table)) {
        true => Ok(()),
        false => refuse(header, "needs an index and its table in the header, neither of them optional".into()),
    }
}

fn refuse(header: &'static Header, reason: String) -> Result<()> {
    let operand = header.operands.first().map_or("input", |first| first.name);
    Err(Error::InvalidOperand { loss: header.id, operand: operand.into(), reason })
}
