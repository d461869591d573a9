//! Checks of a part's shapes against each other, and what follows from them: the loss's shape and its divisor.

use super::checked::{Checked, Divisor};
use super::labels::labels;
use super::refusal::mismatch;
use super::work::{Work, work};
use super::{bounds, hints};
use crate::broadcast::MOST_BROADCAST;
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::loss::{Denominator, Header, OperandSpec};
use crate::reduction::Reduction;
use crate::role::{Axis, Role, Sizes};
use crate::shape::{Classes, elements};
use crate::term::{Operand, Part, Scale};

/// Checks every shape of a part. Returns what follows from the shapes, for the twin and the plan.
pub(super) fn check<T: Operand>(part: &Part<T>) -> Result<Checked> {
    if let Some(leader) = part.leader() {
        // checked before anything multiplies the axes of the shape
        bounds::tensor(part.loss.header().id, part.leader_name(), leader.shape())?;
    }
    let work = work(part)?;
    let labels = labels(part, work);
    let loss_shape = operands(part, work)?;
    scales(part, &loss_shape)?;
    bounds::part(part, &loss_shape)?;
    let ignoring = labels.as_ref().is_some_and(|labels| labels.ignored.is_some());
    Ok(Checked {
        divisor: divisor_of(part, work, &loss_shape, ignoring),
        fused_divisor: fused_divisor(part, work),
        loss_shape,
        labels,
        // `part::check` adds them after all other checks
        inspections: Vec::new(),
    })
}

/// Checks the shape of each operand, and returns the shape of the unreduced loss.
fn operands<T: Operand>(part: &Part<T>, work: Work<'_>) -> Result<Vec<usize>> {
    let header = part.loss.header();
    let Some(leader) = part.leader() else { return Ok(Vec::new()) };
    let mut sizes = Sizes::new(&*part.loss, leader.shape(), leader.class_axis(), part.is_dense());
    if let Work::Similarity { pairs, .. } | Work::Hardest { pairs, .. } = work {
        sizes.values = vec![pairs.rows];
        sizes.factors = vec![pairs.rows];
    }
    if let Work::Segments { segments, .. } = work {
        sizes.values = vec![segments / 2];
        sizes.factors = vec![segments / 2];
    }
    // the lengths that the operands checked so far gave to free axes
    let mut free: Vec<(&str, usize)> = Vec::new();
    for (name, tensor) in &part.operands {
        let Some(spec) = header.operand(name) else { continue };
        let expected = match (work, spec.role) {
            (Work::Similarity { pairs, .. }, Role::Rows) if spec.name != part.leader_name() => {
                vec![Axis::Of(pairs.others), Axis::Of(pairs.width)]
            }
            (Work::Similarity { pairs, .. } | Work::Hardest { pairs, .. }, role) => match (role, part.keys_from) {
                (Role::RowLabels, _) if pairs.more_labelled => vec![Axis::Of(pairs.keys + pairs.more)],
                (Role::RowLabels, _) => vec![Axis::Of(pairs.keys)],
                (Role::Anchors, Some(keys)) => vec![Axis::AtMost(keys.of), Axis::Of(pairs.width)],
                _ => sizes.shape(role),
            },
            _ => sizes.shape(spec.role),
        };
        let masks_elements = spec.role == Role::Mask && takes_mask_of_elements(work);
        // the labels of all items may follow one another along a single axis of any length
        let joins = matches!(work, Work::Alignments { lattice, .. } if lattice.width.is_none());
        let joined = spec.role == Role::Sequences && joins;
        if joined || is_broadcast(part, spec)? || (masks_elements && tensor.shape() == leader.shape()) {
            continue;
        }
        let settled = free.len();
        if spec.role.is_number() && tensor.shape().is_empty() {
            continue;
        }
        let mut fits = tensor.shape().len() == expected.len();
        for (&got, axis) in tensor.shape().iter().zip(&expected) {
            let known = free.iter().find(|(known, _)| *axis == Axis::Free(known)).map(|(_, length)| *length);
            match (axis, known) {
                (Axis::Of(length), _) => fits &= got == *length,
                (Axis::AtMost(length), _) => fits &= got <= *length,
                (Axis::Free(_), Some(length)) => fits &= got == length,
                (Axis::Free(axis), None) => free.push((axis, got)),
            }
        }
        if !fits {
            let hint = hints::of(part, spec, tensor, leader);
            return Err(mismatch(header, name, shape_text(&expected, &free[..settled]) + &hint, tensor));
        }
    }
    Ok(sizes.values)
}

/// Whether a mask may have a number for each element: in regions of a single class, or whose loss has no fused softmax.
/// The checks of options refuse such a mask where the activation is a softmax.
fn takes_mask_of_elements(work: Work<'_>) -> bool {
    matches!(work, Work::Regions { leaf, classes } if Leaf::Region(leaf).scores_elements_apart() || classes.c == 1)
}

/// Whether an operand is broadcast to the shape of the elements. Refuses broadcasting along more axes than kernels support.
fn is_broadcast<T: Operand>(part: &Part<T>, spec: &OperandSpec) -> Result<bool> {
    let Some(axes) = part.broadcast(spec) else { return Ok(false) };
    if axes.len() <= MOST_BROADCAST {
        return Ok(true);
    }
    let what = format!("{}: broadcast axes of `{}` after merging adjacent ones", part.loss.header().id, spec.name);
    Err(Error::TooLarge { what, needed: axes.len() as u64, limit: MOST_BROADCAST as u64 })
}

/// A shape as an error shows it. A free axis shows its name, or its length once an operand has settled it.
fn shape_text(axes: &[Axis], free: &[(&str, usize)]) -> String {
    let text = |axis: &Axis| match axis {
        Axis::Of(length) => length.to_string(),
        Axis::AtMost(length) => format!("at most {length}"),
        Axis::Free(name) => match free.iter().find(|(known, _)| known == name) {
            Some((_, length)) => length.to_string(),
            None => name.to_string(),
        },
    };
    format!("[{}]", axes.iter().map(text).collect::<Vec<_>>().join(", "))
}

/// Refuses an upstream gradient or a denominator that is a tensor of a wrong shape.
fn scales<T: Operand>(part: &Part<T>, loss_shape: &[usize]) -> Result<()> {
    let header = part.loss.header();
    for (name, tensor) in part.scale_tensors() {
        let whole = name == "upstream" && part.reduction == Reduction::None;
        if whole && tensor.shape() != loss_shape {
            return Err(mismatch(header, name, format!("{loss_shape:?}"), tensor));
        }
        let entries = if name == "divide_by" { part.entries() } else { 1 };
        if !whole && !elements(tensor.shape()).is_some_and(|length| length == 1 || length == entries) {
            let expected = if entries == 1 { "one element".into() } else { format!("one element, or {entries}") };
            return Err(mismatch(header, name, expected, tensor));
        }
    }
    Ok(())
}

/// The denominator of the part's own sum. `ignoring` says whether there is a label that is ignored.
fn divisor_of<T: Operand>(part: &Part<T>, work: Work<'_>, loss_shape: &[usize], ignoring: bool) -> Divisor {
    let header = part.loss.header();
    // An ignored label or a mask leaves a position out of a region, and an ignored label leaves a row out of a segment. Neither
    // leaves out a value of the loss, so that values need not be counted.
    let (regions, segments) = (matches!(work, Work::Regions { .. }), matches!(work, Work::Segments { .. }));
    // where labels are required, values are counted, since a row may have no value: no other row belongs together with it
    let counted = (!regions && ((ignoring && !segments) || weighs(part)))
        || header.of_role(Role::RowLabels).is_some_and(|spec| !spec.optional);
    let values = match work {
        // products over no positions have no values
        Work::Gram { classes: Classes { s: 0, .. }, .. } => &[0][..],
        _ => loss_shape,
    };
    // the elements of an item count as one
    let (items, elements) = values.split_at(values.len().min(1));
    let (values, each) = match part.per_item {
        true => (items, 1.0 / elements.iter().map(|&d| d as f64).product::<f64>().max(1.0)),
        false => (values, 1.0),
    };
    divisor(part, header, part.is_dense(), values, counted.then_some(each))
}

/// The denominator of the fused loss's sum, where the part has a fused loss. A mean counts positions, or their elements.
fn fused_divisor<T: Operand>(part: &Part<T>, work: Work<'_>) -> Option<Divisor> {
    let Work::Regions { leaf, classes } = work else { return None };
    // One channel is two classes with a single weight, that of label 1. Like PyTorch's pos_weight, it is no part of a
    // denominator.
    let unweighted = part.is_dense() || classes.c == 1;
    let counted = !part.is_dense() || weighs(part);
    leaf.fused_loss().map(|fused| {
        let scored = classes.c.saturating_sub(usize::from(!fused.include_background));
        let of_elements = fused.of_elements().is_some();
        let each = if of_elements || fused.counts_classes { scored } else { 1 };
        // a loss of elements counts the elements themselves
        let counted = counted.then_some(if of_elements { 1.0 } else { each as f64 });
        divisor(part, fused.loss.header(), unweighted, &[classes.n, classes.s, each], counted)
    })
}

/// Whether a value may count as other than 1: the part has a mask or sample weights.
fn weighs<T: Operand>(part: &Part<T>) -> bool {
    part.of_role(Role::Mask).is_some() || part.of_role(Role::SampleWeight).is_some()
}

/// The denominator of a loss whose values have the shape `values`. A mean divides by the sum of weights if `header.mean`
/// says so and weights are given; class weights do not count as given if `unweighted`. Otherwise a mean divides by a
/// number of values: of those that take part, each times `counted`, or of all if that is `None`.
fn divisor<T: Operand>(
    part: &Part<T>,
    header: &Header,
    unweighted: bool,
    values: &[usize],
    counted: Option<f64>,
) -> Divisor {
    let has = |role| header.of_role(role).is_some_and(|spec| part.operand(spec.name).is_some());
    match (&part.divide_by, part.reduction) {
        (_, Reduction::None) => Divisor::Number(1.0),
        (Some(Scale::Tensor(_)), _) => Divisor::Tensor,
        (Some(Scale::Number(number)), _) => Divisor::Number((*number).into()),
        (None, Reduction::Sum) => Divisor::Number(1.0),
        (None, Reduction::BatchMean | Reduction::SequenceMean) => {
            Divisor::Number(values.first().copied().unwrap_or(1) as f64)
        }
        (None, Reduction::Mean) => {
            let weighted = has(Role::Weight) || (has(Role::PerClass) && !unweighted);
            match header.mean {
                Denominator::Weights if weighted => Divisor::Weights,
                _ => match counted {
                    Some(each) => Divisor::Count { each },
                    None => Divisor::Number(values.iter().map(|&d| d as f64).product()),
                },
            }
        }
    }
}
