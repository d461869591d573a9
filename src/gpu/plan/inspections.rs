//! Plans the inspections of a checked part: dispatches that look at the numbers of its operands before the walk, which may
//! overwrite them. The kernel of the outcome merges what they find with the bad labels that the walk finds.

use super::request::Request;
use super::scratch::{MOST_TALLIES, Scratch};
use super::slots::slots;
use super::split::{SLICE, room};
use super::stage::{Stage, of_block};
use super::walk::Walk;
use crate::check::{Inspection, Kept, Masked, Rule};
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{self, inspected};
use crate::gpu::shaders::operand::{labels, mask};
use crate::gpu::shaders::{choice, slot};
use std::ops::Range;

/// The elements that a workgroup takes in a round, and the fewest and most rounds of a workgroup. A workgroup has several
/// rounds, because merging what its lanes found takes a CPU as long as looking at thousands of elements.
const ROUND: usize = 1024;
const LEAST_ROUNDS: usize = 4;
const MOST_ROUNDS: usize = 1024;

/// The positions whose classes a workgroup adds up.
const POSITIONS: usize = 16;

/// The most classes that are added up: a lane goes through one in 16 of them, in one loop.
const MOST_ADDED: usize = 16 * 10_240;

/// The bytes of an element of the largest dtype, i64.
const LARGEST: u64 = 8;

/// Inserts the part's inspections before its walk. Returns how many workgroups they have.
pub(super) fn inspect(request: &Request<'_>, walk: &mut Walk) -> Result<usize> {
    let (mut stages, mut faults) = (Vec::new(), 0);
    if !request.inspects() {
        return Ok(0);
    }
    for inspection in &request.checked.inspections {
        let Some(operand) = request.part.operand(inspection.operand) else { continue };
        // a multiple of 4, so that pieces that are cut at this length begin with a quad
        let most = (room(request).min(SLICE) / LARGEST).max(4) as usize / 4 * 4;
        let pieces = pieces(request, inspection, operand.len(), most)?;
        let quads = pieces.iter().all(|piece| piece.start.is_multiple_of(4));
        let kernel = kernel(request, inspection).reading_quads(quads);
        let rounds = operand.len() / (ROUND * request.target.workgroups(4096));
        let rounds = rounds.clamp(LEAST_ROUNDS, MOST_ROUNDS);
        for piece in pieces {
            let stage = dispatch(inspection, &kernel, piece, (operand.len(), rounds), faults);
            faults += stage.groups as usize;
            stages.push(stage);
        }
    }
    if faults as u64 > MOST_TALLIES {
        let what = "workgroups that inspect operands".into();
        return Err(Error::TooLarge { what, needed: faults as u64, limit: MOST_TALLIES });
    }
    walk.stages.splice(0..0, stages);
    // the kernel of the outcome binds this memory even if all operands are empty
    walk.scratch.push(Scratch::new("faults", faults.max(1) as u64));
    Ok(faults)
}

/// The kernel of an inspection, as a stage without workgroups.
fn kernel(request: &Request<'_>, inspection: &Inspection) -> Stage {
    let (mask, labels) = match inspection.kept {
        Kept::Positions { mask, ignores, .. } => (mask, ignores),
        Kept::Steps { .. } => (Masked::Nothing, false),
    };
    let kept = if matches!(inspection.kept, Kept::Steps { .. }) { inspected::STEPS } else { inspected::POSITIONS };
    let slots = slots(request)
        .with(slot::MASK, if mask == Masked::Nothing { mask::EVERYWHERE } else { mask::GIVEN })
        .with(slot::LABELS, if labels { labels::GIVEN } else { labels::NONE })
        .with(slot::INSPECTED, kept);
    let team = request.target.team();
    let rule = |rule| Choices::default().number(choice::RULE, rule).number(choice::TEAM, team);
    let (entry, choices) = match inspection.rule {
        Rule::Finite => (geometry::INSPECT, rule(0)),
        Rule::FiniteOrMasked => (geometry::INSPECT, rule(1)),
        Rule::Probability => (geometry::INSPECT, rule(2)),
        Rule::Flag => (geometry::INSPECT, rule(3)),
        Rule::Sign => (geometry::INSPECT, rule(4)),
        Rule::AddUp { tolerance, .. } => {
            let mut choices = Choices::default();
            choices.add(choice::TOLERANCE.0, tolerance.into());
            (geometry::INSPECT_SUMS, choices)
        }
    };
    let choices = choices.flag(choice::MASKS_ELEMENTS, mask == Masked::Elements);
    Stage::new(entry, slots, choices, 0).reading(&[("x0", inspection.operand)])
}

/// One dispatch, over the elements of a piece or over the positions that these elements belong to. The dispatches before
/// it have `before` workgroups.
fn dispatch(
    inspection: &Inspection,
    kernel: &Stage,
    piece: Range<usize>,
    (elements, rounds): (usize, usize),
    before: usize,
) -> Stage {
    let (outer, inner) = strides(inspection.kept);
    let positions = positions(&piece, outer, inner);
    let (through, each, classes) = match inspection.rule {
        Rule::AddUp { classes, .. } => (positions.clone(), POSITIONS, classes),
        _ => (piece.clone(), ROUND * rounds, 0),
    };
    let groups = through.len().div_ceil(each);
    let block = Block {
        own_first: of_block(through.start),
        own_end: of_block(through.end),
        other_first: u32::try_from(inspection.first).unwrap_or(u32::MAX),
        chunk: of_block(rounds),
        first_chunk: of_block(before),
        chunks: of_block(groups),
        plane: of_block(outer),
        step: of_block(inner),
        width: of_block(classes),
        ..Block::default()
    };
    let mut stage = kernel.over(block, groups as u64).looping((classes / 16).max(rounds));
    if piece.len() < elements {
        let window = |of: &Range<usize>| of.start as u64..of.end as u64;
        stage.windows = vec![("x0", window(&piece))];
        if let Kept::Positions { mask, ignores, .. } = inspection.kept {
            let masked = if mask == Masked::Elements { &piece } else { &positions };
            stage.windows.extend((mask != Masked::Nothing).then(|| ("mask", window(masked))));
            stage.windows.extend(ignores.then(|| ("labels", window(&positions))));
        }
    }
    stage
}

/// The ranges of elements that the dispatches of an inspection take. A range has at most `most` elements, and its
/// elements belong to at most `most` positions.
fn pieces(request: &Request<'_>, inspection: &Inspection, elements: usize, most: usize) -> Result<Vec<Range<usize>>> {
    let (outer, inner) = strides(inspection.kept);
    let too_large = |what: &str, needed: usize, limit: usize| {
        let what = format!("{what} of the inspected operand `{}`", inspection.operand);
        Err(Error::TooLarge { what, needed: needed as u64, limit: limit as u64 })
    };
    if let Rule::AddUp { classes, .. } = inspection.rule {
        if classes > MOST_ADDED {
            return too_large("classes", classes, MOST_ADDED);
        }
        if outer > most {
            return too_large(
                "bytes that one workgroup needs in a binding",
                outer * LARGEST as usize,
                room(request) as usize,
            );
        }
    }
    if elements == 0 {
        return Ok(Vec::new());
    }
    // a range is whole groups of `outer` elements, or part of one group, or part of one run of `inner` elements
    let within = match (outer <= most, inner <= most) {
        (true, _) => elements,
        (false, true) => outer,
        (false, false) => inner,
    };
    let length = if outer <= most { most / outer * outer } else { most };
    let parts = (0..elements).step_by(within).flat_map(|first| {
        let end = (first + within).min(elements);
        (first..end).step_by(length).map(move |from| from..(from + length).min(end))
    });
    Ok(parts.collect())
}

fn strides(kept: Kept) -> (usize, usize) {
    match kept {
        Kept::Positions { outer, inner, .. } => (outer.max(1), inner.max(1)),
        Kept::Steps { items, classes } => ((items * classes).max(1), classes.max(1)),
    }
}

/// The positions that a piece's elements belong to.
fn positions(piece: &Range<usize>, outer: usize, inner: usize) -> Range<usize> {
    let last = piece.end - 1;
    match piece.start / inner == last / inner {
        // part of one run of `inner` elements
        true => {
            let of = |element: usize| element / outer * inner + element % inner;
            of(piece.start)..of(last) + 1
        }
        false => piece.start / outer * inner..(last / outer + 1) * inner,
    }
}
