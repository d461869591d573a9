//! Plans a loss of rows against the classes of a projection. The logits are not stored as a whole
//! matrix: they are made tile by tile, as `tiles.rs` says.

use super::request::{Request, overrides};
use super::scratch::Scratch;
use super::sides::{Against, Ending, Pass, Side};
use super::spans::Spans;
use super::stage::Stage;
use super::tiles::{Scores, Tiles, endings, over_tiles, scaling, with_windows};
use super::walk::{Counted, Sizes, Walk};
use crate::check::Pairs;
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::{absorb, pair_slopes, pairs as pairs_of_rows};
use crate::gpu::shaders::operand::{labels, logit_scale};
use crate::gpu::shaders::{choice, fold, geometry, slot};
use crate::leaf::Softmax;
use crate::role::Role;

pub(super) fn plan(request: &Request<'_>, pairs: Pairs, leaf: &dyn Softmax) -> Result<Walk> {
    let header = request.loss().header();
    let name = |role| header.player(role).map_or("", |spec| spec.name);
    let rows = Side { operand: name(Role::Rows), rows: pairs.rows, base: 0, from: 0 };
    let classes = Side { operand: name(Role::Projection), rows: pairs.others, base: pairs.rows, from: 0 };
    let turned = |turned: bool| Choices::default().flag(choice::OTHER_SCORES, turned);
    let of_rows = Against { own: rows, others: vec![(classes, turned(false))] };
    let of_classes = Against { own: classes, others: vec![(rows, turned(true))] };

    let mut written = Vec::new();
    let classes_end = [(classes.operand, Ending::Rows), (name(Role::PerProjection), Ending::Sums)];
    let sides = [(of_rows.clone(), &[(rows.operand, Ending::Rows)][..]), (of_classes, &classes_end)];
    let passes = sides.map(|(against, of)| Pass { against, endings: endings(request, of, &mut written) });
    let passes: Vec<Pass> = passes.into_iter().filter(|pass| !pass.endings.is_empty()).collect();

    let held = vec![
        Scratch::new("factors", pairs.rows as u64 + pairs.others as u64),
        Scratch::new("whole_states", pairs.rows as u64),
        Scratch::new("hits", pairs.rows as u64),
        Scratch::new("records", if passes.is_empty() { 0 } else { pairs.rows as u64 }),
    ];
    let choices = overrides(request.loss()).flag(choice::SPREADS, leaf.spreads());
    // the statistics of all shards stand for the products that they were made of
    let statistics = if request.among() && !request.statistics { vec![] } else { vec![of_rows] };
    let scores = scores(request, choices.clone());
    let slots = scores.slots.clone();
    let tiles = Tiles::new(request, held, pairs.width, scores, &statistics, &passes)?;

    let tallies = pairs.rows.div_ceil(256);
    let mut stages = tiles.factors(rows);
    stages.extend(tiles.factors(classes));
    stages.extend(statistics.iter().flat_map(|against| tiles.statistics(against)));
    if statistics.is_empty() && pairs.rows > 0 {
        stages.push(tiles.over_rows(geometry::LINEAR_AMONG, slots.clone()));
    }
    if request.statistics {
        stages.extend((pairs.rows > 0).then(|| tiles.over_rows(geometry::LINEAR_STATISTICS, slots.clone())));
    } else if pairs.rows > 0 {
        let slots = slots.with(slot::FOLD, fold::SOFTMAX_CLASSES);
        stages.push(Stage::new(geometry::LINEAR_SCORE, slots, choices.clone(), tallies as u64));
    }
    let scaled = scaling(request).filter(|_| !passes.is_empty());
    let counted = if scaled.is_some() { Counted { chunk: 0, tallies } } else { Counted::default() };
    stages.extend(scaled);
    if !passes.is_empty() && pairs.rows > 0 {
        stages.push(Stage::new(geometry::LINEAR_RECORDS, slots, choices, tallies as u64));
    }
    stages.extend(tiles.passes(&passes));
    let (items, per_item, classes) = (pairs.rows, pairs.width, pairs.others);
    let sizes = Sizes { items, per_item, classes, tallies, counted, ..Sizes::default() };
    let stages = with_windows(request, pairs.width, stages);
    Ok(Walk { sizes, stages, scratch: tiles.scratch, spans: Spans::Whole })
}

fn scores(request: &Request<'_>, choices: Choices) -> Scores {
    let mut slots = over_tiles(request);
    slots.fill(slot::LABELS, labels::GIVEN);
    slots.fill(slot::LOGIT_SCALE, logit_scale::ONE);
    slots.fill(slot::PAIRS, pairs_of_rows::LINEAR);
    slots.fill(slot::ABSORB, absorb::LINEAR);
    slots.fill(slot::PAIR_SLOPES, pair_slopes::LINEAR);
    Scores { slots, choices }
}
