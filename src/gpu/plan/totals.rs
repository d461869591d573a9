//! The dispatches around a walk: what its gradients are scaled by before it, and what its tallies come to after it.

use super::request::Piece;
use super::request::{Request, slots};
use super::stage::{Plan, Stage, narrow};
use crate::check::Divisor;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::operand::{divisor, upstream};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::term::Scale;

/// The counting and scaling before a walk that writes gradients, where only the GPU knows what they are divided by.
pub(super) fn scale_first(request: &Request<'_>, plan: &mut Plan, count: Stage, chunk: u32, tallies: u64) {
    scale_piece(request, plan, Piece::Only, Some((count, chunk, tallies)));
}

/// The same for one loss of the walk, which may have nothing to count.
pub(super) fn scale_piece(request: &Request<'_>, plan: &mut Plan, piece: Piece, count: Option<(Stage, u32, u64)>) {
    let divisor = request.divisor(piece);
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
    plan.stages.push(totals(request, piece, geometry::TOTALS_SCALE));
}

/// The dispatch of the kernel `entry`, which reads the tallies of a walk.
pub(super) fn totals(request: &Request<'_>, piece: Piece, entry: Shader) -> Stage {
    let divided_by = request.divisor(piece);
    let given = |given, file, one| if given { file } else { one };
    let mut slots = slots(request);
    slots.fill(slot::DIVISOR, given(divided_by == Divisor::Tensor, divisor::GIVEN, divisor::ONE));
    let scaled = matches!(request.part.upstream, Scale::Tensor(_));
    slots.fill(slot::UPSTREAM, given(scaled, upstream::GIVEN, upstream::ONE));
    let divisor = match divided_by {
        Divisor::Number(_) => 0,
        Divisor::Weights => 1,
        Divisor::Count => 2,
        Divisor::Tensor => 3,
    };
    let choices = Choices::default().number(choice::DIVISOR, divisor).number(choice::PIECE, piece as usize);
    Stage::new(entry, slots, choices, 1)
}
