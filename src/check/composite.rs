//! Takes a sum of losses apart and checks each loss. Errors name the operands as the sum does.

use super::checked::Checked;
use super::inspections::Inspection;
use super::refusal::mismatch;
use super::{bounds, operands, options, part, shards};
use crate::error::Result;
use crate::leaf::{Component, Composite};
use crate::term::{Operand, Part};

/// Checks a part of `term` that is a sum of losses, and adds its losses to `parts` and `checked`.
pub(super) fn check<T: Operand>(
    whole: &Part<T>,
    term: &[Part<T>],
    leaf: &dyn Composite,
    parts: &mut Vec<Part<T>>,
    checked: &mut Vec<Checked>,
) -> Result<()> {
    let header = whole.loss.header();
    options::check(whole)?;
    shards::options(whole)?;
    operands::given(whole, term)?;
    operands::dtypes(whole)?;
    for (name, operand) in &whole.operands {
        bounds::tensor(header.id, name, operand.shape())?;
    }
    for component in leaf.components(whole.reduction) {
        let own = component_of(whole, &component);
        let own_name = |name: &str| component.operands.iter().find(|(theirs, _)| *theirs == name).map(|(_, own)| *own);
        let mut found =
            part::check(&own, std::slice::from_ref(&own)).map_err(|error| error.within(header.id, own_name))?;
        for Inspection { operand, named, .. } in &mut found.inspections {
            *named = [header.id, own_name(operand).unwrap_or(*operand)];
        }
        checked.push(found);
        parts.push(own);
    }
    if leaf.shares_batch() { batch(whole) } else { Ok(()) }
}

/// Refuses an operand whose axis 0, the batch, is not as long as the first operand's.
fn batch<T: Operand>(whole: &Part<T>) -> Result<()> {
    let header = whole.loss.header();
    let first = whole.leader_name();
    let Some(leader) = whole.leader() else { return Ok(()) };
    for (name, operand) in &whole.operands {
        if operand.shape().first() != leader.shape().first() {
            let expected = match leader.shape().first() {
                Some(items) => format!("[{items}, ...], of the batch of `{first}`"),
                None => format!("[], as `{first}` has no batch"),
            };
            return Err(mismatch(header, name, expected, operand));
        }
    }
    Ok(())
}

/// One loss of the sum as a part of its own.
fn component_of<T: Operand>(whole: &Part<T>, component: &Component) -> Part<T> {
    let tensor = |own: &str| whole.operand(own).cloned();
    let operands = component.operands.iter().filter_map(|(name, own)| Some((name.to_string(), tensor(own)?)));
    Part {
        name: format!("{}.{}", whole.name, component.name),
        weight: whole.weight,
        share: component.weight,
        loss: component.loss.clone(),
        operands: operands.collect(),
        reduction: component.reduction,
        per_item: component.per_item,
        upstream: whole.upstream.clone(),
        divide_by: whole.divide_by.clone(),
        empty_is_zero: whole.empty_is_zero,
        checked: whole.checked,
        observations: whole.observations.clone(),
        classes_from: None,
        keys_from: None,
        among: None,
        rows_from: None,
        beside: None,
        // only the coefficient of a sum of losses may vary: `varying::settled` refuses its options
        varying: whole.varying.clone(),
    }
}
