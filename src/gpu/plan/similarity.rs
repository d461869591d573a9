//! Plans a loss of rows against all others: which sides there are, and for each pair of sides, which of the two have losses
//! that use the pair's scores.

use super::classes::softmax_states;
use super::request::Request;
use super::scratch::Scratch;
use super::sides::{Against, Ending, Pass, Side, Statistics};
use super::slots::leaf_of;
use super::spans::Spans;
use super::stage::Stage;
use super::tiles::{Scores, Tiles, endings, over_tiles, scaling, with_windows};
use super::walk::{Counted, Sizes, Walk};
use crate::check::Pairs;
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::{absorb, pair_loss, pair_slopes, pairs as pairs_of_rows, row_loss};
use crate::gpu::shaders::operand::{labels, logit_bias, logit_scale};
use crate::gpu::shaders::{choice, geometry, slot};
use crate::leaf::{EqualLabels, Similarity};
use crate::role::Role;

pub(super) fn plan(request: &Request<'_>, pairs: Pairs, leaf: &dyn Similarity) -> Result<Walk> {
    let (header, settings) = (request.loss().header(), leaf.settings());
    let anchors = header.of_role(Role::Anchors).filter(|spec| request.part.operand(spec.name).is_some());
    let rows_of = header.operands.iter().filter(|spec| matches!(spec.role, Role::Rows | Role::MoreRows));
    let mut sides: Vec<Side> = Vec::new();
    for spec in anchors.into_iter().chain(rows_of) {
        let Some(tensor) = request.part.operand(spec.name) else { continue };
        let base = sides.iter().fold(0usize, |base, side| base.saturating_add(side.rows));
        let from = match sides.len() {
            0 => pairs.first,
            1 => pairs.first_other,
            // the labels of these further rows follow the labels of the keys
            _ => pairs.keys,
        };
        sides.push(Side { operand: spec.name, rows: tensor.shape()[0], width: pairs.width, base, from });
    }
    let own = sides[0];
    let alone = sides.len() == 1;
    let other = if alone { own } else { sides[1] };
    let more = sides.get(2).copied();
    let by_labels = match (request.of_role(Role::RowLabels), settings.equal_labels) {
        (None, _) => 1,
        (Some(_), EqualLabels::Positive) => 2,
        (Some(_), EqualLabels::Drop) => 3,
    };
    // the choices for a pair of sides: whether their rows can be similar, and which sides' losses use the scores
    let of = |similar: bool, owns: bool, others: bool| {
        let itself = similar && (alone || anchors.is_some());
        let by_labels = if similar || pairs.more_labelled { by_labels } else { 0 };
        Choices::default()
            .number(choice::SIMILAR, by_labels)
            .flag(choice::ITSELF, itself)
            .flag(choice::OWN_SCORES, owns)
            .flag(choice::OTHER_SCORES, others)
    };
    let beyond = |owns: bool| more.map(|more| (more, of(false, owns, false)));
    let symmetric = settings.symmetric;

    let first = Against {
        own,
        others: std::iter::once((other, of(true, true, alone || symmetric))).chain(beyond(true)).collect(),
    };
    let second = Against { own: other, others: vec![(own, of(true, symmetric, true))] };
    let third = more.map(|more| Against { own: more, others: vec![(own, of(false, false, true))] });
    // the statistics of all shards of the keys replace the products that they were computed from
    let among = request.among() && !request.statistics;
    let mut statistics = if among { vec![] } else { vec![first.clone()] };
    statistics.extend(symmetric.then(|| second.clone()));

    let mut passes = Vec::new();
    let mut written = Vec::new();
    let mut numbers = vec![(own.operand, Ending::Rows)];
    for (role, added) in [(Role::Scale, false), (Role::Shift, true)] {
        numbers.extend(header.of_role(role).map(|spec| (spec.name, Ending::Number { added })));
    }
    let mut pass = |against: Against, of: &[(&'static str, Ending)]| {
        let endings = endings(request, of, &mut written);
        if !endings.is_empty() {
            passes.push(Pass { against, endings });
        }
    };
    pass(first, &numbers);
    if !alone {
        pass(second, &[(other.operand, Ending::Rows)]);
    }
    if let Some((more, third)) = more.zip(third) {
        pass(third, &[(more.operand, Ending::Rows)]);
    }

    let valued = pairs.rows as u64 * if symmetric { 2 } else { 1 };
    let all_rows = sides.iter().fold(0usize, |rows, side| rows.saturating_add(side.rows));
    let keeps_numbers = keeps_numbers(request);
    let held = vec![
        Scratch::new("factors", all_rows as u64 + if keeps_numbers { 2 } else { 0 }),
        Scratch::states("whole_states", softmax_states(false), valued),
        Scratch::new("records", if passes.is_empty() { 0 } else { valued }),
    ];
    let choices = Choices::default()
        .flag(choice::NORMALIZE, settings.normalize)
        .flag(choice::SYMMETRIC, symmetric)
        .flag(choice::PAIRWISE, settings.pairwise);
    let given = scores(request, settings.pairwise, choices.clone());
    let slots = given.slots.clone();
    let scores = if keeps_numbers { with_kept_numbers(given) } else { given };
    let tallies = pairs.rows.div_ceil(256);
    let tiles = Tiles::new(request, held, pairs.width, tallies, scores, Statistics::Tiles(statistics), &passes)?;

    let mut stages: Vec<Stage> = sides.iter().flat_map(|side| tiles.factors(*side)).collect();
    if keeps_numbers {
        stages.push(Stage::new(geometry::SCORE_NUMBERS, slots.clone(), Choices::default(), 1));
    }
    stages.extend(tiles.statistics());
    if among && pairs.rows > 0 {
        stages.push(tiles.over_rows(geometry::SIMILARITY_AMONG, slots.clone()));
    }
    if request.statistics {
        stages.extend((pairs.rows > 0).then(|| tiles.over_rows(geometry::SIMILARITY_STATISTICS, slots.clone())));
    } else if pairs.rows > 0 {
        stages.push(Stage::new(geometry::SIMILARITY_SCORE, slots.clone(), choices.clone(), tallies as u64));
    }
    let scaled = scaling(request).filter(|_| !passes.is_empty());
    let counted = if scaled.is_some() { Counted { chunk: 0, tallies } } else { Counted::default() };
    stages.extend(scaled);
    if !passes.is_empty() && pairs.rows > 0 {
        stages.push(Stage::new(geometry::SIMILARITY_RECORDS, slots, choices, valued.div_ceil(256)));
    }
    stages.extend(tiles.passes(&passes));
    let sizes =
        Sizes { items: pairs.rows, per_item: pairs.width, classes: all_rows, tallies, counted, ..Sizes::default() };
    let stages = with_windows(request, stages);
    Ok(Walk { sizes, stages, scratch: tiles.scratch, spans: Spans::Whole })
}

/// Whether the scale and the shift that turn products into scores are both tensors, and rows have labels. Kernels would
/// then bind too many buffers, so a stage copies both numbers into scratch memory first.
fn keeps_numbers(request: &Request<'_>) -> bool {
    [Role::RowLabels, Role::Scale, Role::Shift].iter().all(|role| request.of_role(*role).is_some())
}

fn with_kept_numbers(scores: Scores) -> Scores {
    let slots = scores.slots.with(slot::LOGIT_SCALE, logit_scale::KEPT).with(slot::LOGIT_BIAS, logit_bias::KEPT);
    Scores { slots, ..scores }
}

fn scores(request: &Request<'_>, pairwise: bool, choices: Choices) -> Scores {
    let mut slots = over_tiles(request);
    let labelled = request.of_role(Role::RowLabels).is_some();
    slots.fill(slot::LABELS, if labelled { labels::GIVEN } else { labels::NONE });
    slots.fill(slot::PAIRS, pairs_of_rows::SIMILARITY);
    slots.fill(slot::ABSORB, absorb::SIMILARITY);
    slots.fill(slot::PAIR_SLOPES, pair_slopes::SIMILARITY);
    // a leaf scores each pair, or the softmax of a row
    let leaf = leaf_of(request.loss());
    match pairwise {
        true => {
            slots.fill(slot::PAIR_LOSS, leaf);
            slots.fill(slot::ROW_LOSS, row_loss::NONE);
        }
        false => {
            slots.fill(slot::PAIR_LOSS, pair_loss::NONE);
            slots.fill(slot::ROW_LOSS, leaf);
        }
    }
    Scores { slots, choices }
}
