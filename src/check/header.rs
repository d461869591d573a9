//! Checks that a loss's header has the operands that its family's walk reads. The library's own losses pass; a loss of the
//! caller's own may not.

use crate::error::{Error, Result};
use crate::leaf::{Leaf, Pointwise};
use crate::loss::{Header, Loss};
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
            if leaf.fused_loss().is_some_and(|fused| !fuses(&*fused.loss)) {
                let reason =
                    "belongs to a loss whose fused loss is neither a softmax nor of a prediction and its target";
                return refuse(header, reason.into());
            }
            vec![one(Role::Classes), one(Role::Target)]
        }
        Leaf::Vectors(leaf) => {
            if !(1..=MOST_DISTANCES).contains(&leaf.pairs().len()) {
                let distances = leaf.pairs().len();
                return refuse(
                    header,
                    format!("belongs to a loss of {distances} distances, expected 1 to {MOST_DISTANCES}"),
                );
            }
            vec![(Role::Element, 1 + leaf.pairs().as_flattened().iter().max().unwrap_or(&0))]
        }
        Leaf::Similarity(_) => vec![one(Role::Rows)],
        Leaf::Hardest(_) => vec![one(Role::Rows), one(Role::RowLabels)],
        Leaf::Linear(_) => vec![one(Role::Rows), one(Role::Projection), one(Role::Labels)],
        Leaf::Segments(_) => {
            let roles = [Role::Rows, Role::Projection, Role::Labels, Role::Segments, Role::PerSegment];
            roles.map(one).to_vec()
        }
        Leaf::LinearDivergence(_) => {
            vec![one(Role::Rows), one(Role::Projection), one(Role::TeacherRows), one(Role::TeacherProjection)]
        }
        Leaf::Gram(_) => vec![(Role::Channels, 2)],
        Leaf::Neighbours(_) => vec![one(Role::Pictures)],
        Leaf::Windows(_) => vec![(Role::Pictures, 2)],
        Leaf::Alignments(_) => {
            vec![one(Role::Steps), one(Role::Sequences), one(Role::StepCounts), one(Role::SequenceLengths)]
        }
        // each loss of the sum is checked by itself
        Leaf::Composite(_) => return Ok(()),
    };
    first(header, needed[0].0)?;
    for (role, count) in needed {
        let given = header.operands.iter().filter(|spec| spec.role == role);
        if given.take_while(|spec| !spec.optional).count() < count {
            let lacks = format!("needs {count} of `Role::{role:?}` in the header that are not optional");
            return refuse(header, lacks);
        }
    }
    Ok(())
}

/// Refuses a header whose first operand does not have this role.
fn first(header: &'static Header, role: Role) -> Result<()> {
    match header.operands.first() {
        None => refuse(header, format!("is missing: the first operand has to be of `Role::{role:?}`")),
        Some(first) if first.role != role => {
            refuse(header, format!("is the first operand, so it has to be of `Role::{role:?}`"))
        }
        Some(_) => Ok(()),
    }
}

/// Refuses a pointwise loss with more components than a leaf takes, a loss of sequences without a second operand to
/// subtract, and an index or a table without the other.
fn components(header: &'static Header, leaf: &dyn Pointwise) -> Result<()> {
    let count = header.components().count() + usize::from(leaf.columns().is_some());
    if count > MOST_COMPONENTS {
        return refuse(header, format!("is one of {count} components, expected at most {MOST_COMPONENTS}"));
    }
    let required = |role| header.of_role(role).is_some_and(|spec| !spec.optional);
    if leaf.of_sequences() {
        of_sequences(header)?;
    }
    let neither = header.of_role(Role::Index).or(header.of_role(Role::Table)).is_none();
    match neither || (required(Role::Index) && required(Role::Table)) {
        true => Ok(()),
        false => refuse(header, "needs an index and its table in the header, neither of them optional".into()),
    }
}

/// Refuses a loss of sequences that can't subtract its second operand from its first, and one whose leaf would get two numbers in
/// `item`: the mean of the differences, and one from an index or from an averaged operand.
fn of_sequences(header: &'static Header) -> Result<()> {
    let second = header.components().nth(1);
    if !second.is_some_and(|spec| spec.role == Role::Element && !spec.optional && !spec.gradient) {
        let lacks =
            "needs a second required operand of `Role::Element` without a gradient, which is subtracted from it";
        return refuse(header, lacks.into());
    }
    match gives_item_number(header) {
        None => Ok(()),
        Some(role) => {
            refuse(header, format!("belongs to a loss of sequences, which takes no operand of `Role::{role:?}`"))
        }
    }
}

/// The role of an operand from which the leaf's `item` gets a number, if the header has such an operand.
fn gives_item_number(header: &Header) -> Option<Role> {
    [Role::Index, Role::Averaged].into_iter().find(|&role| header.of_role(role).is_some())
}

/// Whether a loss can be fused with a loss of regions: a softmax, or a leaf of a prediction, its target and at most one number
/// for each class.
fn fuses(loss: &dyn Loss) -> bool {
    let roles: Vec<Role> = loss.header().components().map(|spec| spec.role).collect();
    let paired = matches!(roles[..], [Role::Element, Role::Element] | [Role::Element, Role::Element, Role::Column]);
    match loss.leaf() {
        Leaf::Softmax(_) => true,
        Leaf::Pointwise(leaf) => {
            let alone = gives_item_number(loss.header()).is_none() && !leaf.of_sequences();
            paired && alone && leaf.columns().is_none() && leaf.needs().is_empty()
        }
        _ => false,
    }
}

fn refuse(header: &'static Header, reason: String) -> Result<()> {
    let operand = header.operands.first().map_or("input", |first| first.name);
    Err(Error::InvalidOperand { loss: header.id, operand: operand.into(), reason })
}

#[cfg(test)]
mod tests {
    use crate::array::Array;
    use crate::cpu;
    use crate::error::Error;
    use crate::leaf::Leaf;
    use crate::loss::{Denominator, Header, OperandSpec, Source};
    use crate::reduction::Reduction;
    use crate::role::Role;
    use crate::stand_in::StandIn;
    use crate::term::Term;

    fn own(operands: &[(&'static str, Role, bool)], leaf: for<'a> fn(&'a StandIn) -> Leaf<'a>) -> StandIn {
        let spec = |&(name, role, optional)| OperandSpec { optional, ..OperandSpec::new(name, role) };
        let header = Header {
            id: "own",
            title: "",
            operands: operands.iter().map(spec).collect::<Vec<_>>().leak(),
            reductions: Reduction::VALUES,
            mean: Denominator::Count,
            shader: Source { path: "own", text: "" },
            default: || unreachable!("nobody asks for the default"),
        };
        StandIn { header: Box::leak(Box::new(header)), leaf, numbers: &[], of_sequences: false, fused: None }
    }

    #[test]
    fn an_own_loss_that_its_family_cannot_walk_is_refused() {
        let x = Array::new(&[0.5f32; 8], [2, 4]).unwrap();
        let (input, target) = (("input", Role::Element, false), ("target", Role::Element, false));
        let more = ["a", "b", "c", "d"].map(|name| (name, Role::Element, true));
        let sequenced = |operands: &[(&'static str, Role, bool)]| StandIn {
            of_sequences: true,
            ..own(operands, |own| Leaf::Pointwise(own))
        };
        let fused = || StandIn {
            fused: Some(|| Box::new(own(&[("input", Role::Element, false)], |own| Leaf::Pointwise(own)))),
            ..own(&[("input", Role::Classes, false), target], |own| Leaf::Region(own))
        };
        for (loss, said) in [
            (own(&[], |own| Leaf::Pointwise(own)), "the first operand has to be of `Role::Element`"),
            (own(&[("input", Role::Classes, false)], |own| Leaf::Pointwise(own)), "it has to be of `Role::Element`"),
            (own(&[("input", Role::Element, true)], |own| Leaf::Pointwise(own)), "not optional"),
            (own(&[&[input], &more[..]].concat(), |own| Leaf::Pointwise(own)), "one of 5 components"),
            (own(&[input, ("at", Role::Index, false)], |own| Leaf::Pointwise(own)), "an index and its table"),
            (sequenced(&[input]), "a second required operand"),
            (sequenced(&[input, ("other", Role::Element, true)]), "a second required operand"),
            (
                sequenced(&[input, ("other", Role::Element, false), ("mean", Role::Averaged, true)]),
                "takes no operand of `Role::Averaged`",
            ),
            (own(&[input], |own| Leaf::Boxes(own)), "needs 2 of `Role::Element`"),
            (own(&[input], |own| Leaf::Vectors(own)), "needs 2 of `Role::Element`"),
            (own(&[input], |own| Leaf::Softmax(own)), "of `Role::Classes`"),
            (own(&[("input", Role::Classes, false)], |own| Leaf::Divergence(own)), "needs 1 of `Role::Dense`"),
            (fused(), "whose fused loss is neither"),
            (own(&[("input", Role::Rows, false)], |own| Leaf::Linear(own)), "needs 1 of `Role::Projection`"),
            (own(&[("input", Role::Rows, false)], |own| Leaf::LinearDivergence(own)), "needs 1 of `Role::Projection`"),
            (own(&[("input", Role::Channels, false)], |own| Leaf::Gram(own)), "needs 2 of `Role::Channels`"),
            (own(&[input], |own| Leaf::Neighbours(own)), "of `Role::Pictures`"),
            (own(&[("input", Role::Part, false)], |own| Leaf::Composite(own)), "a sum of losses"),
        ] {
            let names: Vec<&str> = loss.header.operands.iter().map(|spec| spec.name).collect();
            match cpu::value(&Term::new(loss, names.into_iter().map(|name| (name, &x)))) {
                Err(Error::InvalidOperand { reason, .. }) => {
                    assert!(reason.contains(said), "{reason} does not say {said}")
                }
                other => panic!("{said}: {other:?}"),
            }
        }
    }
}
