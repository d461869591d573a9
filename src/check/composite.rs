//! Takes sums of losses apart: what each of them is asked, and what it refuses in the words of the whole.

use super::{Checked, dtypes, operands, options_of, pieces};
use crate::error::Result;
use crate::leaf::{Component, Composite};
use crate::term::{Operand, Part, Scale};

/// Checks a part that is a sum of losses, and adds its components to the parts.
pub(super) fn part<T: Operand>(
    whole: &Part<T>,
    leaf: &dyn Composite,
    parts: &mut Vec<Part<T>>,
    checked: &mut Vec<Checked>,
) -> Result<()> {
    let header = whole.loss.header();
    options_of(whole)?;
    pieces::options_of(whole)?;
    operands(whole, header)?;
    dtypes(whole, header)?;
    for component in leaf.components(whole.reduction) {
        let part = component_of(whole, &component);
        let own_name = |name: &str| component.operands.iter().find(|(theirs, _)| *theirs == name).map(|(_, own)| *own);
        checked.push(super::part(&part).map_err(|error| error.within(header.id, own_name))?);
        parts.push(part);
    }
    Ok(())
}

fn component_of<T: Operand>(whole: &Part<T>, component: &Component) -> Part<T> {
    let tensor = |own: &str| whole.operand(own).cloned();
    let operands = component.operands.iter().filter_map(|(name, own)| Some((name.to_string(), tensor(own)?)));
    let per_item = component.per_item.then(|| Scale::Number(whole.items() as f32));
    Part {
        name: format!("{}.{}", whole.name, component.name),
        weight: whole.weight * component.weight,
        loss: component.loss.clone(),
        operands: operands.collect(),
        reduction: component.reduction,
        upstream: whole.upstream.clone(),
        divide_by: whole.divide_by.clone().or(per_item),
        classes_from: None,
        among: None,
        rows_from: None,
    }
}
