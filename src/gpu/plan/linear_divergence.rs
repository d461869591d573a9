//! Plans the divergence of a student's linear layer from a teacher's. Neither's logits are stored as a whole matrix: they are
//! computed block by block, as `logits.rs` says, and once more for the gradients.

use super::classes::Fold;
use super::options::overrides;
use super::request::Request;
use super::scratch::Scratch;
use super::sides::{Against, Ending, Logits, Pass, Side, Statistics};
use super::spans::Spans;
use super::stage::Stage;
use super::tiles::{Scores, Tiles, endings, over_tiles, scaling, with_windows};
use super::walk::{Counted, Sizes, Walk};
use crate::check::{ClassFold, Pairs};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::whole;
use crate::gpu::shaders::operand::logit_scale;
use crate::gpu::shaders::{choice, geometry, slot};
use crate::leaf::Divergence;
use crate::role::Role;

pub(super) fn plan(request: &Request<'_>, pairs: Pairs, teacher_width: usize, leaf: &dyn Divergence) -> Result<Walk> {
    let header = request.loss().header();
    let side = |role, rows: usize, width, base| Side {
        operand: header.of_role(role).map_or("", |spec| spec.name),
        rows,
        width,
        base,
        from: 0,
    };
    let (n, v) = (pairs.rows, pairs.others);
    let fold = Fold::of(ClassFold::Divergence(leaf), false);
    let logits = Logits {
        rows: side(Role::Rows, n, pairs.width, 0),
        classes: side(Role::Projection, v, pairs.width, n),
        teacher_rows: side(Role::TeacherRows, n, teacher_width, n + v),
        teacher_classes: side(Role::TeacherProjection, v, teacher_width, 2 * n + v),
        compares: fold.compares,
    };
    let Logits { rows, classes, teacher_rows, teacher_classes, .. } = logits;
    let mut written = Vec::new();
    let mut pass = |own: Side, other: Side, turned: bool| {
        let against = Against { own, others: vec![(other, Choices::default().flag(choice::OTHER_SCORES, turned))] };
        Pass { against, endings: endings(request, &[(own.operand, Ending::Rows)], &mut written) }
    };
    let passes = [pass(rows, classes, false), pass(classes, rows, true)];
    let passes: Vec<Pass> = passes.into_iter().filter(|pass| !pass.endings.is_empty()).collect();

    let mut slots = over_tiles(request);
    slots.fill(slot::FOLD, fold.file);
    slots.fill(slot::WHOLE, if fold.compares { whole::TWO_COMPARED } else { whole::TWO_SOFTMAXES });
    slots.fill(slot::LOGIT_SCALE, logit_scale::ONE);
    let choices = overrides(request.loss()).flag(choice::PAIRS, fold.compares);
    // the states of rows, and behind them the sums of a second walk
    let states = n as u64 * if fold.compares { 2 } else { 1 };
    let held =
        vec![Scratch::new("factors", 2 * (n as u64 + v as u64)), Scratch::states("whole_states", fold.states, states)];
    let scores = Scores { slots: slots.clone(), choices: choices.clone() };
    let tallies = n.div_ceil(256);
    let tiles = Tiles::new(request, held, pairs.width, tallies, scores, Statistics::Logits(logits), &passes)?;

    let mut stages: Vec<Stage> =
        [rows, classes, teacher_rows, teacher_classes].into_iter().flat_map(|side| tiles.factors(side)).collect();
    stages.extend(tiles.statistics());
    stages.extend((n > 0).then(|| Stage::new(geometry::LINEAR_SCORE, slots, choices, tallies as u64)));
    let scaled = scaling(request).filter(|_| !passes.is_empty());
    let counted = if scaled.is_some() { Counted { chunk: 0, tallies } } else { Counted::default() };
    stages.extend(scaled);
    stages.extend(tiles.passes(&passes));
    // a row is one position
    let sizes = Sizes { items: n, per_item: 1, classes: v, tallies, counted, ..Sizes::default() };
    Ok(Walk { sizes, stages: with_windows(request, stages), scratch: tiles.scratch, spans: Spans::Whole })
}
