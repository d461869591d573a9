//! The dispatches around a walk: before it, those that compute what its gradients are scaled by; after it, the one that
//! merges its tallies.

use super::request::{KeptSums, Request, WalkLoss};
use super::slots::slots;
use super::stage::Stage;
use super::walk::Counted;
use crate::check::Divisor;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::faults;
use crate::gpu::shaders::lib::count;
use crate::gpu::shaders::operand::{divisor, part_sums, upstream};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::term::Scale;

/// Returns the dispatches that compute the scale of a walk's gradients, and what they count. There are none if no gradient
/// needs a scale from the GPU. `count` is the dispatch that counts the denominator, for use where the denominator is counted.
pub(super) fn scale(request: &Request<'_>, loss: WalkLoss, count: Option<(Stage, Counted)>) -> (Vec<Stage>, Counted) {
    let divisor = request.divisor(loss);
    let counts = matches!(divisor, Divisor::Weights | Divisor::Count { .. });
    let given = divisor == Divisor::Tensor || matches!(request.part.upstream, Scale::Tensor(_));
    if request.wanted.is_empty() || request.unreduced() || !(counts || given) {
        return Default::default();
    }
    let scaling = totals(request, loss, geometry::TOTALS_SCALE);
    match count.filter(|_| counts) {
        Some((count, counted)) => (vec![count.looping(counted.chunk / 256), scaling], counted),
        None => (vec![scaling], Counted::default()),
    }
}

/// The dispatch of a kernel that merges the tallies of a walk: `totals_scale` or `totals_outcome`.
pub(super) fn totals(request: &Request<'_>, loss: WalkLoss, entry: Shader) -> Stage {
    let divided_by = request.divisor(loss);
    let given = |given, file, one| if given { file } else { one };
    let mut slots = slots(request);
    if loss == WalkLoss::Fused && request.weighs_positions() {
        slots.fill(slot::COUNT, count::WEIGHTS);
    }
    slots.fill(slot::DIVISOR, given(divided_by == Divisor::Tensor, divisor::GIVEN, divisor::ONE));
    let scaled = matches!(request.part.upstream, Scale::Tensor(_));
    slots.fill(slot::UPSTREAM, given(scaled, upstream::GIVEN, upstream::ONE));
    let inspected = entry == geometry::TOTALS_OUTCOME && request.inspects();
    slots.fill(slot::FAULTS, given(inspected, faults::GIVEN, faults::NONE));
    let wants_sums = request.sums != KeptSums::Nothing;
    slots.fill(slot::PART_SUMS, given(wants_sums, part_sums::GIVEN, part_sums::NOWHERE));
    let divisor = match divided_by {
        Divisor::Number(_) => 0,
        Divisor::Weights => 1,
        Divisor::Count { .. } => 2,
        Divisor::Tensor if request.divides_each() => 4,
        Divisor::Tensor => 3,
    };
    let choices = Choices::default()
        .number(choice::DIVISOR, divisor)
        .number(choice::WALK_LOSS, loss as usize)
        .flag(choice::EMPTY_IS_ZERO, request.part.empty_is_zero)
        .flag(choice::PART_SUMS_ADD, request.sums == KeptSums::Added);
    Stage::new(entry, slots, choices, 1)
}
