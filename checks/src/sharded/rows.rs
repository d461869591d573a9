//! Shards of a batch whose rows are compared with each other. Each has some rows to itself, and all of them as keys.

use crate::case::{Case, Floats, ScaleGiven};
use crate::draw::{FLOATS, Rng, Setting};
use crate::judge;
use crate::pieces::{ranges, slice};
use wgloss::header::{Role, Value};
use wgloss::{ClassAxis, Error, Gpu, Loss, cpu};

/// The operand that holds a shard's rows, if the first operand holds all rows.
fn anchors(loss: &dyn Loss) -> Option<&'static str> {
    loss.header().operands.iter().find(|spec| spec.role == Role::Anchors).map(|spec| spec.name)
}

/// Changes a case of a loss of all pairs so that its rows can be sharded.
pub(super) fn case(mut case: Case, rng: &mut Rng) -> Option<Case> {
    let loss = case.loss();
    // a shard computes one direction only
    for (_, value) in case.options.iter_mut().filter(|(name, _)| *name == "symmetric") {
        *value = Value::Flag(false);
    }
    let anchors = anchors(&*loss);
    case.optional.retain(|name| Some(*name) != anchors);
    case.optional.extend(anchors);
    let setting = Setting::new(&*loss, &[130, 21], ClassAxis::Second, case.setting.target);
    let floats = Floats::All(FLOATS[rng.below(FLOATS.len())]);
    Some(Case { setting, floats, upstream: ScaleGiven::Not, divide_by: ScaleGiven::Not, ..case })
}

/// Compares each shard of a batch's rows with its twin. A test proves that the twins of shards add up to the whole.
pub(super) fn run(gpu: &Gpu, case: &Case) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (loss, first) = (case.loss(), 1 + (case.seed % 90) as usize);
    let leader = loss.header().operands[0].name;
    for range in ranges(&[first, 37, 93 - first]) {
        let mut inputs = case.inputs();
        let own = slice(inputs.operand(leader), 0, &range);
        *inputs.operand(anchors(&*loss).unwrap_or(leader)) = own;
        let of_rows = [Role::Weight, Role::SampleWeight, Role::Mask];
        for spec in case.given().filter(|spec| of_rows.contains(&spec.role)) {
            let all = inputs.operand(spec.name);
            *all = slice(all, 0, &range);
        }
        let term = case.term(&inputs).rows_from(range.start);
        let want = cpu::gradient_list(&term, &case.differentiated(&inputs)).map(judge::Given::by_twin).map_err(text)?;
        let there = inputs.on(&mut |array| gpu.upload_array(array)).map_err(text)?;
        let term = case.term(&there).rows_from(range.start);
        let got = case.call(gpu, &term, &case.differentiated(&there)).map_err(text)?;
        case.judge(&inputs, &got, &want).map_err(|why| format!("rows {range:?}: {why}"))?;
    }
    Ok(())
}
