//! The dtypes of a plan's bindings: overrides, and files that read integers or write 16 bits.

use super::request::Request;
use super::stage::{Bound, Plan};
use crate::gpu::declared::Declared;
use crate::gpu::shaders::operand::{dx, x};
use crate::gpu::shaders::{DX, slot};
use crate::shape::DType;
use std::collections::HashMap;
use std::sync::Arc;

/// Adds to a plan the dtypes of operands and gradients: the override `X0_DTYPE` for the binding `x0`, and so on. Gradients of
/// 16 bits are written by `operand/dx/half` instead of `operand/dx/words`, which writes f32. Where an operand of floats is
/// given as integers, it is read by `operand/mask/integers` instead of `operand/mask/given`, and so on.
pub(super) fn with_dtypes(request: &Request<'_>, mut plan: Plan) -> Plan {
    let mut stages = std::mem::take(&mut plan.stages);
    // stages that share a recipe have to share its replacement; the old recipe is kept alive, since its address is the key
    let mut done = HashMap::new();
    for stage in &mut stages {
        let before = Arc::clone(&stage.recipe);
        let key = (Arc::as_ptr(&before), stage.operands.clone());
        if let Some((_, recipe)) = done.get(&key) {
            stage.recipe = Arc::clone(recipe);
            continue;
        }
        for &Declared { name, .. } in before.bindings() {
            let bound = plan.bound(stage, name);
            let Some(dtype) = request.dtype(&bound) else { continue };
            let recipe = Arc::make_mut(&mut stage.recipe);
            if matches!(bound, Bound::Output(_)) {
                if request.in_place().is_some_and(|wanted| bound == Bound::Output(wanted.output)) {
                    let file = if dtype == DType::F32 { x::IN_PLACE } else { x::IN_PLACE_HALF };
                    recipe.fill(slot::X0, file);
                    recipe.fill(slot::DX0, file);
                    // a kernel that also reads `x0` gets this override from that binding
                    if before.bindings().iter().all(|declared| declared.name != "x0") {
                        recipe.choices.add("X0_DTYPE", code(dtype));
                    }
                    continue;
                }
                if dtype == DType::F32 {
                    continue;
                }
                if let Some(k) = DX.iter().position(|slot| slot.0 == name) {
                    recipe.fill(DX[k], dx::HALF.of_operand(k));
                }
            }
            if !dtype.is_float() {
                recipe.take_integers(name);
            }
            recipe.choices.add(format!("{}_DTYPE", name.to_uppercase()), code(dtype));
        }
        done.insert(key, (before, stage.recipe.clone()));
    }
    Plan { stages, ..plan }
}

/// The number of a dtype in overrides such as `X0_DTYPE`. Floats and integers share numbers, since different files read them.
pub(super) fn code(dtype: DType) -> f64 {
    match dtype {
        DType::F16 | DType::U32 => 1.0,
        DType::BF16 | DType::U8 => 2.0,
        DType::I64 => 3.0,
        _ => 0.0,
    }
}
