//! The dispatches around a walk: what its gradients are scaled by before it, and what its tallies come to after it.

use super::{Joint, Plan, Request, Stage, narrow};
use crate::check::Divisor;
use crate::term::Scale;

/// One loss of a walk: the twin of `PIECE` in `shaders/lib/totals.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// The only one.
    Only,
    /// The one that another rides along with.
    Ridden,
    /// The one that rides along.
    Rider,
}

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
    plan.stages.push(totals(request, piece, "geometry/totals_scale", "totals_scale"));
}

pub(super) fn totals(request: &Request<'_>, piece: Piece, path: &str, entry: &'static str) -> Stage {
    let divisor = request.divisor(piece);
    let mut joint =
        Joint::new(&["lib/component", "lib/params", "lib/math", "lib/tally", "lib/workspace", "dtype/float"]);
    joint.optional("divisor", divisor == Divisor::Tensor);
    if entry == "totals_scale" {
        joint.optional("upstream", matches!(request.part.upstream, Scale::Tensor(_)));
    }
    joint.files(&["lib/totals", path]);
    let divisor = match divisor {
        Divisor::Number(_) => 0.0,
        Divisor::Weights => 1.0,
        Divisor::Count => 2.0,
        Divisor::Tensor => 3.0,
    };
    joint.stage(entry, vec![("DIVISOR".into(), divisor), ("PIECE".into(), f64::from(piece as u8))], 1)
}
