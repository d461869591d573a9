//! The dispatches around a walk: before it, what its gradients are scaled by; after it, the sums of its tallies.

use super::request::{KeptSums, Request, WalkLoss, slots};
use super::stage::{Plan, Stage, narrow};
use crate::check::Divisor;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::operand::{divisor, part_sums, upstream};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::term::Scale;

/// Adds the count and the scaling that precede a walk with gradients, where only the GPU knows what they are scaled by.
pub(super) fn scale_first(request: &Request<'_>, plan: &mut Plan, count: Stage, chunk: u32, tallies: u64) {
    scale_loss(request, plan, WalkLoss::Only, Some((count, chunk, tallies)));
}

/// As [`scale_first`], for one of the walk's losses, which may have nothing to count. `count` is the stage, the values
/// that one of its workgroups counts, and its tallies.
pub(super) fn scale_loss(request: &Request<'_>, plan: &mut Plan, loss: WalkLoss, count: Option<(Stage, u32, u64)>) {
    let divisor = request.divisor(loss);
    let counted = matches!(divisor, Divisor::Weights | Divisor::Count);
    let given = divisor == Divisor::Tensor || matches!(request.part.upstream, Scale::Tensor(_));
    if request.wanted.is_empty() || request.unreduced() || !(counted || given) {
        return;
    }
    if let Some((count, chunk, tallies)) = count.filter(|_| counted) {
        (plan.params.count_chunk, plan.params.count_tallies) = (chunk, narrow(tallies));
        plan.tallies = plan.tallies.max(tallies);
        plan.longest_loop = plan.longest_loop.max(u64::from(chunk) / 256);
        plan.stages.push(count);
    }
    plan.stages.push(totals(request, loss, geometry::TOTALS_SCALE));
}

/// The dispatch of a kernel that merges the tallies of a walk: `totals_scale` or `totals_outcome`.
pub(super) fn totals(request: &Request<'_>, loss: WalkLoss, entry: Shader) -> Stage {
    let divided_by = request.divisor(loss);
    let given = |given, file, one| if given { file } else { one };
    let mut slots = slots(request);
    slots.fill(slot::DIVISOR, given(divided_by == Divisor::Tensor, divisor::GIVEN, divisor::ONE));
    let scaled = matches!(request.part.upstream, Scale::Tensor(_));
    slots.fill(slot::UPSTREAM, given(scaled, upstream::GIVEN, upstream::ONE));
    let wants_sums = request.sums != KeptSums::Nothing;
    slots.fill(slot::PART_SUMS, given(wants_sums, part_sums::GIVEN, part_sums::NOWHERE));
    let divisor = match divided_by {
        Divisor::Number(_) => 0,
        Divisor::Weights => 1,
        Divisor::Count => 2,
        Divisor::Tensor => 3,
    };
    let choices = Choices::default()
        .number(choice::DIVISOR, divisor)
        .number(choice::WALK_LOSS, loss as usize)
        .flag(choice::PART_SUMS_ADD, request.sums == KeptSums::Added);
    Stage::new(entry, slots, choices, 1)
}
