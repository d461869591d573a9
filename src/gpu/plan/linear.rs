//! Plans a loss of rows against the classes of a projection. The logits are not stored as a whole matrix: they are
//! computed tile by tile, as `tiles.rs` says. Where logits are cosines with a margin at the label, or top-k compares each
//! logit with the label's, a stage before the tiles computes the label's logit of each row from the vectors themselves.

use super::classes::{noted, notes, numbers_of_softmax, softmax_states};
use super::options::overrides;
use super::request::Request;
use super::scratch::Scratch;
use super::segments::Segmented;
use super::sides::{Against, Ending, Pass, Side, Statistics};
use super::spans::Spans;
use super::stage::{Stage, of_block};
use super::tiles::{
    Scores, Tiles, block, endings, lanes_of_a_row, over_tiles, rows_of_a_binding, scaling, with_windows,
};
use super::walk::{Counted, Sizes, Walk};
use crate::check::Pairs;
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::params::Block;
use crate::gpu::shaders::fold::softmax_state;
use crate::gpu::shaders::geometry::{
    absorb, label_logit, label_weight, margin, observation, pair_slopes, pairs as pairs_of_rows, seen_logit, softcap,
    whole,
};
use crate::gpu::shaders::operand::{class_weight, labels, logit_scale};
use crate::gpu::shaders::{choice, fold, geometry, slot};
use crate::leaf::Softmax;
use crate::role::Role;

/// Plans the losses of the rows, or of the segments that the rows make up.
pub(super) fn plan(
    request: &Request<'_>,
    pairs: Pairs,
    leaf: &dyn Softmax,
    segmented: Option<&Segmented>,
) -> Result<Walk> {
    let header = request.loss().header();
    let name = |role| header.of_role(role).map_or("", |spec| spec.name);
    let rows = Side { operand: name(Role::Rows), rows: pairs.rows, width: pairs.width, base: 0, from: 0 };
    let classes =
        Side { operand: name(Role::Projection), rows: pairs.others, width: pairs.width, base: pairs.rows, from: 0 };
    let turned = |turned: bool| Choices::default().flag(choice::OTHER_SCORES, turned);
    let of_rows = Against { own: rows, others: vec![(classes, turned(false))] };
    let of_classes = Against { own: classes, others: vec![(rows, turned(true))] };

    let mut written = Vec::new();
    let classes_end = [(classes.operand, Ending::Rows), (name(Role::PerProjection), Ending::Sums)];
    let sides = [(of_rows.clone(), &[(rows.operand, Ending::Rows)][..]), (of_classes, &classes_end)];
    let passes = sides.map(|(against, of)| Pass { against, endings: endings(request, of, &mut written) });
    let passes: Vec<Pass> = passes.into_iter().filter(|pass| !pass.endings.is_empty()).collect();

    let cosines = leaf.cosines().is_some();
    let shards_weigh = request.among() && request.of_role(Role::PerClass).is_some();
    let choices = noted(request, overrides(request.loss()))
        .flag(choice::SPREADS, leaf.spreads())
        .flag(choice::NORMALIZE, cosines)
        .flag(choice::LABEL_MARGIN, cosines)
        .flag(choice::OF_ROWS, true);
    // the statistics of all shards replace the products that they were computed from
    let merged = request.among() && !request.statistics;
    let statistics = Statistics::Tiles(if merged { vec![] } else { vec![of_rows] });
    let mut scores = scores(request, choices.clone(), cosines);
    if segmented.is_some() {
        scores.slots.fill(slot::LEAF, geometry::ROW_NLL);
    }
    let mut slots =
        scores.slots.with(slot::LABEL_WEIGHT, if shards_weigh { label_weight::SHARDS } else { label_weight::OWN });
    slots.fill(slot::WHOLE, whole::LABELLED);
    if !leaf.spreads() {
        // tiles then need no weights: the kernels of rows look up the weight of the label's class
        scores.slots.fill(slot::CLASS_WEIGHT, class_weight::ONE);
    }
    let mut held = held(request, pairs, cosines, !passes.is_empty());
    held.extend(segmented.into_iter().flat_map(Segmented::scratch));
    let groups = pairs.rows.div_ceil(256);
    let tallies = groups + segmented.map_or(0, Segmented::tallies);
    let tiles = Tiles::new(request, held, pairs.width, tallies, scores, statistics, &passes)?;

    let shards = request.part.among.as_ref().filter(|_| shards_weigh).map_or(0, |all| all.shape()[0]);
    let mut stages = tiles.factors(rows);
    stages.extend(tiles.factors(classes));
    if (cosines && !(merged && passes.is_empty())) || request.ranks() {
        stages.extend(hits(&tiles, rows, classes));
    }
    stages.extend(tiles.statistics());
    if merged && pairs.rows > 0 {
        stages.push(tiles.over_rows(geometry::LINEAR_AMONG, slots.clone()));
    }
    if request.statistics {
        stages.extend((pairs.rows > 0).then(|| tiles.over_rows(geometry::LINEAR_STATISTICS, slots.clone())));
    } else if let Some(segmented) = segmented {
        stages.extend(segmented.stages(request, &slots));
    } else if pairs.rows > 0 {
        let slots = slots.with(slot::FOLD, fold::SOFTMAX_CLASSES);
        stages.push(Stage::new(geometry::LINEAR_SCORE, slots, choices.clone(), groups as u64).looping(shards));
    }
    let scaled = scaling(request).filter(|_| !passes.is_empty());
    let counted = if scaled.is_some() { Counted { chunk: 0, tallies } } else { Counted::default() };
    stages.extend(scaled);
    if !passes.is_empty() && pairs.rows > 0 {
        let slots = segmented.map_or(slots.clone(), |segmented| segmented.of_records(&slots));
        stages.push(Stage::new(geometry::LINEAR_RECORDS, slots, choices, groups as u64).looping(shards));
    }
    stages.extend(tiles.passes(&passes));
    let (items, per_item, classes) = (pairs.rows, pairs.width, pairs.others);
    let sizes = Sizes { items, per_item, classes, tallies, counted, ..Sizes::default() };
    let sizes = segmented.map_or(sizes, |segmented| segmented.sizes(sizes));
    let stages = with_windows(request, stages);
    Ok(Walk { sizes, stages, scratch: tiles.scratch, spans: Spans::Whole })
}

/// The scratch memory of the kernels over rows.
fn held(request: &Request<'_>, pairs: Pairs, cosines: bool, gradients: bool) -> Vec<Scratch> {
    let rows = pairs.rows as u64;
    // the labels' logits that top-k compares others with lie behind the labels' logits that the tiles leave
    let hits = if request.ranks() && !cosines { 2 * rows } else { rows };
    let held = [
        ("factors", rows + pairs.others as u64),
        ("hits", hits),
        ("records", if gradients { rows } else { 0 }),
        ("margin_slopes", if cosines { rows } else { 0 }),
    ];
    let states = Scratch::states("whole_states", softmax_states(notes(request)), rows);
    held.into_iter().map(|(name, elements)| Scratch::new(name, elements)).chain([states]).collect()
}

/// Computes the logit of each row's label, and the slope of the margin if there is one. A dispatch takes as many rows and
/// classes as bindings have room for.
fn hits(tiles: &Tiles<'_>, rows: Side, classes: Side) -> Vec<Stage> {
    let (room, lanes) = (rows_of_a_binding(tiles.request, tiles.width).max(1), lanes_of_a_row(tiles.width));
    let choices = tiles.scores.choices.clone().number(choice::LANES, lanes);
    let stage = Stage::new(geometry::LINEAR_HITS, tiles.scores.slots.clone(), choices, 0);
    // a round takes sixteen elements for each lane, and then adds up the lanes
    let longest_loop = tiles.width.div_ceil(16 * lanes) * (16 + lanes);
    let stage = stage.reading(&[("x0", rows.operand), ("x1", classes.operand)]).looping(longest_loop);
    let ends =
        |side: Side| (0..side.rows).step_by(room).map(move |first| (first, first.saturating_add(room).min(side.rows)));
    let over = |(first, end): (usize, usize), (other_first, other_end): (usize, usize)| {
        let block = Block {
            other_first: of_block(other_first),
            other_end: of_block(other_end),
            other_base: of_block(classes.base),
            ..block(rows, first, end)
        };
        stage.over(block, (end - first).div_ceil(256 / lanes) as u64)
    };
    ends(rows)
        .flat_map(|own| ends(classes).map(move |others| (own, others)))
        .map(|(own, others)| over(own, others))
        .collect()
}

fn scores(request: &Request<'_>, choices: Choices, cosines: bool) -> Scores {
    let mut slots = over_tiles(request);
    slots.fill(slot::LABELS, labels::GIVEN);
    if cosines {
        slots.fill(slot::SOFTCAP, softcap::COSINE);
        slots.fill(slot::MARGIN, margin::LABEL);
        slots.fill(slot::LABEL_LOGIT, label_logit::MARGIN);
    } else {
        slots.fill(slot::LOGIT_SCALE, logit_scale::ONE);
        slots.fill(slot::MARGIN, margin::NONE);
        slots.fill(slot::LABEL_LOGIT, label_logit::PRODUCT);
    }
    slots.fill(slot::PAIRS, pairs_of_rows::LINEAR);
    slots.fill(slot::ABSORB, absorb::LINEAR);
    slots.fill(slot::PAIR_SLOPES, pair_slopes::LINEAR);
    slots.fill(slot::STATE_NUMBERS, numbers_of_softmax(request));
    if notes(request) {
        slots.fill(slot::SOFTMAX_STATE, softmax_state::NOTED);
        slots.fill(slot::SEEN_LOGIT, if request.ranks() { seen_logit::COMPARED } else { seen_logit::ALONE });
    }
    if request.observes() {
        slots.fill(slot::OBSERVATION, observation::SOFTMAX);
    }
    Scores { slots, choices }
}
