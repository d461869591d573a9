//! How a walk over positions and their classes is cut, whatever it folds.

use super::pixels::Pixels;
use super::ranges::{Cut, Does, range, walk};
use super::split::{Spans, Values};
use super::{Joint, Piece, Plan, Request, Stage, narrow, overrides, scale_first};
use crate::check::Divisor;
use crate::leaf::Leaf;
use crate::role::Role;
use crate::shape::Classes;
use std::sync::Arc;

/// The classes of a chunk, where rows are cut into chunks.
const CHUNK: usize = 8192;

/// The most numbers that a lane keeps of a row, half of the registers that it can have; and the fewest elements of all rows.
const KEPT: usize = 128;
const MANY: usize = 1 << 20;

/// Items of so many elements, whose classes lie far apart, have workgroups of their own: one that went on into the next item
/// would need both bound.
const LARGE: usize = 1 << 18;

/// The classes of all rows that a workgroup scores, where rows are cut.
const SCORED: usize = 1 << 18;

/// Beyond this many classes rows are cut; and from `CHUNK` on, where there are so few that they leave a GPU idle. What lies far apart
/// is cut where an item has few positions only.
const UNCUT: usize = 65536;
const FEW: usize = 64;

/// The most classes that a workgroup goes through in one dispatch: of a row that is not cut whatever it takes, since its gradient
/// overwrites it, or of a range.
pub(super) const MOST_IN_PLACE: usize = 1 << 19;

/// The positions that a workgroup counts before the walk.
const COUNTED: usize = 16384;

/// What the classes of a position are folded by.
#[derive(Clone, Copy)]
pub(super) struct Fold {
    /// The fold's files.
    pub files: &'static [&'static str],
    /// Whether label targets give every class a share of the loss.
    pub spreads: bool,
    /// Whether it is so little arithmetic that a lane folds four positions at once.
    pub light: bool,
    /// How often a lane looks at the classes of a row before it knows them: once, or twice.
    looks: usize,
}

impl Fold {
    pub fn of(leaf: Leaf<'_>) -> Fold {
        match leaf {
            Leaf::Softmax(leaf) => Fold {
                files: &["fold/softmax", "fold/softmax_classes"],
                spreads: leaf.spreads(),
                light: true,
                looks: 1,
            },
            Leaf::ClassSum(_) => Fold { files: &["fold/class_sum"], spreads: false, light: true, looks: 1 },
            Leaf::Divergence(_) => Fold { files: &["fold/divergence"], spreads: false, light: false, looks: 2 },
            _ => unreachable!("the checks choose the walk by the leaf"),
        }
    }
}

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let positions = classes.positions();
    let params = &mut plan.params;
    (params.items, params.per_item) = (narrow(classes.n as u64), narrow(classes.s as u64));
    params.classes = narrow(classes.c as u64);
    (params.class_stride, params.position_stride) =
        (narrow(classes.class_stride as u64), narrow(classes.position_stride as u64));
    plan.spans = Spans::Classes(classes);
    if positions == 0 {
        return;
    }
    let (stage, chunk, tallies) = count(request, Piece::Only, positions);
    scale_first(request, plan, stage, chunk, tallies);
    // a chunk of a row looks at its label's class when another may have written there; lanes of a workgroup look first
    let in_place = request.in_place().is_some();
    let (long, few) = (classes.c > UNCUT, classes.c >= CHUNK && positions <= FEW);
    if request.statistics || request.among() {
        spread(request, plan, classes, fold);
    } else if !in_place && (long && (classes.class_stride == 1 || classes.s <= FEW) || few) {
        cut(request, plan, classes, fold);
    } else {
        match Pixels::of(request, classes, fold) {
            Some(pixels) => pixels.plan(request, plan, classes, fold),
            None => fused(request, plan, classes, fold),
        }
    }
}

/// One pass: as many lanes share a position as keep loops short and neighbours together.
fn fused(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let (positions, c) = (classes.positions(), classes.c);
    let rows = classes.class_stride == 1;
    let lanes = match rows {
        // the lanes of a register, each of which goes along a row of its own while rows are short
        true if request.on_cpu && c <= 256 => 1,
        true if request.on_cpu && c <= UNCUT => 8,
        true => c.div_ceil(8).next_power_of_two().min(256),
        false => c.div_ceil(256).next_power_of_two().min(256),
    };
    let slots = 256 / lanes;
    let by_item = !rows && c * classes.s >= LARGE;
    // lanes have the same classes of every range
    let range = range(request, classes).or((!rows && c > MOST_IN_PLACE).then_some(MOST_IN_PLACE));
    let range = range.filter(|_| by_item).map(|range| (range / lanes).max(1) * lanes);
    let lane_of = |c: usize| c.div_ceil(if rows { 4 * lanes } else { lanes });
    let per_lane = lane_of(range.unwrap_or(c));
    // as far as an invocation's loops stay short
    let rounds = (positions / (slots * request.workgroups(4096)))
        .next_power_of_two()
        .min((4096 / (fold.looks * lane_of(c))).max(1));
    let rounds = if by_item { rounds.min((classes.s / slots).max(1)) } else { rounds };
    let chunk = slots * rounds;
    let chunks = classes.s.div_ceil(chunk);
    let (groups, values) = match by_item {
        true => (classes.n * chunks, Values::OfItems { per_item: classes.s, chunk, chunks }),
        false => (positions.div_ceil(chunk), Values::Each(chunk as u64)),
    };
    let params = &mut plan.params;
    (params.rounds, params.chunk, params.chunks) = (narrow(rounds as u64), narrow(chunk as u64), narrow(chunks as u64));
    plan.tally(groups as u64);
    // the looks, and the gradient
    plan.longest_loop = plan.longest_loop.max(((fold.looks + 1) * rounds * per_lane) as u64);

    let kept = kept_fours(request, classes, lanes);
    let stage = |does: Does| {
        let flag = |flag: bool| f64::from(u8::from(flag));
        let mut overrides = choices(request, fold, classes);
        overrides.extend([("LANES".into(), lanes as f64), ("ROWS".into(), flag(rows))]);
        overrides.push(("BY_ITEM".into(), flag(by_item)));
        overrides.extend(does.choices());
        let mut joint = does.joint(request, fold);
        joint.files(&["geometry/positions_fused"]);
        let stage = joint.stage("positions_fused", overrides, 0).in_quads(in_fours(classes)).keeping_rows(kept);
        if does.writes { writing(request, stage) } else { stage }
    };
    walk(request, plan, (classes, fold), Cut { groups, values, lanes, range }, stage);
}

/// How many fours of a row each of its lanes has, where they are so few that it keeps them for the gradient, and rows so many
/// that a kernel for this number is worth its making.
fn kept_fours(request: &Request<'_>, classes: Classes, lanes: usize) -> Option<u32> {
    let fours = classes.c.div_ceil(4 * lanes);
    // a CPU's caches have the row, and to compile so long a kernel takes it half a second
    if request.on_cpu {
        return None;
    }
    let numbers = 4 * if request.checked.labels.is_some() { fours } else { 2 * fours };
    let few = numbers <= KEPT && classes.positions() * classes.c >= MANY && !request.wanted.is_empty();
    (classes.class_stride == 1 && few).then(|| narrow(fours as u64))
}

/// Three passes over rows that are cut into chunks: statistics, merge, gradient.
fn cut(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    gather(request, plan, classes, fold);
    let whole: &[&str] = &["operand/states", "geometry/whole_of_chunks"];
    score(request, plan, classes, fold, whole);
    scatter(request, plan, classes, fold, whole);
}

/// Rows whose classes are spread over devices: the statistics of this piece, or what comes of those of all.
fn spread(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    if request.statistics {
        gather(request, plan, classes, fold);
        let mut end = joint(request, fold, &["lib/tally", "lib/workspace"], false);
        end.files(&["operand/states", "operand/statistics_out"]);
        end.files(&["geometry/whole_of_chunks", "geometry/positions_statistics"]);
        let groups = u64::from(plan.params.tallies);
        plan.stages.push(
            end.stage("positions_statistics", choices(request, fold, classes), groups)
                .through(Values::Each(plan.params.rounds.into())),
        );
    } else {
        chunk(plan, classes);
        plan.longest_loop = plan.longest_loop.max(request.part.among.as_ref().map_or(0, |all| all.shape()[0] as u64));
        let whole: &[&str] = &["operand/statistics", "geometry/label_of_pieces", "geometry/whole_of_pieces"];
        score(request, plan, classes, fold, whole);
        scatter(request, plan, classes, fold, whole);
    }
}

/// Cuts rows into chunks; gives how many there are of all rows.
fn chunk(plan: &mut Plan, classes: Classes) -> u64 {
    let positions = classes.positions();
    // an invocation of the second pass merges the chunks of a row: no more than 2048
    let chunk = CHUNK.max((classes.c / 2048).next_power_of_two());
    let chunks = classes.c.div_ceil(chunk);
    plan.params.chunk = narrow(chunk as u64);
    plan.params.chunks = narrow(chunks as u64);
    // so few rows to a workgroup of the second pass that it needs no more than a small binding holds
    let scored = (SCORED / classes.c.max(1)).clamp(1, 256);
    plan.params.rounds = narrow(scored as u64);
    plan.tally(positions.div_ceil(scored) as u64);
    plan.longest_loop = plan.longest_loop.max(chunks as u64).max(chunk as u64 / 256);
    (positions * chunks) as u64
}

/// The states of all chunks.
fn gather(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let tiles = chunk(plan, classes);
    plan.hold_states(fold.files[0], tiles);
    let mut gather = joint(request, fold, &[], false);
    gather.files(&["operand/states", "geometry/positions_gather"]);
    let stage = gather.stage("positions_gather", choices(request, fold, classes), tiles);
    plan.stages.push(stage.in_quads(in_fours(classes)).through(Values::Shared { chunks: plan.params.chunks as usize }));
}

/// The scores of rows, from what the `whole` of each is merged of.
fn score(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold, whole: &[&str]) {
    let mut score = joint(request, fold, &["lib/tally", "lib/workspace"], true);
    score.optional("losses", request.unreduced());
    score.files(whole);
    score.files(&["geometry/positions_tally", "geometry/positions_score"]);
    let stage = score.stage("positions_score", choices(request, fold, classes), u64::from(plan.params.tallies));
    plan.stages.push(stage.through(Values::Each(plan.params.rounds.into())));
}

/// The gradients of chunks.
fn scatter(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold, whole: &[&str]) {
    if request.wanted.is_empty() {
        return;
    }
    let tiles = classes.positions() as u64 * u64::from(plan.params.chunks);
    let mut scatter = joint(request, fold, &["lib/tally", "lib/workspace"], true);
    scatter.optional("upstream", request.upstream_tensor());
    scatter.optional("dx0", true);
    scatter.files(whole);
    scatter.files(&["geometry/positions_write", "geometry/positions_scatter"]);
    let stage = scatter.stage("positions_scatter", choices(request, fold, classes), tiles);
    let stage = stage.in_quads(in_fours(classes)).through(Values::Shared { chunks: plan.params.chunks as usize });
    plan.stages.push(writing(request, stage));
}

/// What every kernel over classes is joined of.
pub(super) fn joint(request: &Request<'_>, fold: Fold, lib: &[&str], masked: bool) -> Joint {
    let labelled = request.checked.labels.is_some();
    let mut joint = Joint::new(&["lib/component", "lib/params", "lib/math", "lib/label", "lib/class"]);
    joint.files(lib);
    joint.files(&["dtype/float", "operand/x0", if labelled { "operand/labels" } else { "operand/dense" }]);
    joint.optional("class_weight", request.player(Role::PerClass).is_some());
    joint.optional("mask", masked && request.player(Role::Mask).is_some());
    joint.files(fold.files);
    joint.sources.push(request.loss().header().shader);
    let looks = if fold.looks == 1 { "geometry/classes_once" } else { "geometry/classes_twice" };
    joint.files(&["geometry/places", "geometry/class_axis", "geometry/row_read", looks]);
    joint
}

/// Whether rows are a multiple of four, as the places of their first classes are then.
fn in_fours(classes: Classes) -> bool {
    classes.class_stride == 1 && classes.c.is_multiple_of(4)
}

pub(super) fn choices(request: &Request<'_>, fold: Fold, classes: Classes) -> Vec<(String, f64)> {
    let flag = |flag: bool| f64::from(u8::from(flag));
    let labelled = request.checked.labels.is_some();
    let mut overrides = overrides(request.loss());
    overrides.extend([
        ("LABELLED".into(), flag(labelled)),
        ("SPREADS".into(), flag(!labelled || fold.spreads)),
        ("FOURS".into(), flag(classes.class_stride == 1)),
        ("WHOLE".into(), flag(in_fours(classes))),
        request.team(),
    ]);
    overrides
}

/// The stage with the one gradient that a loss over classes has.
pub(super) fn writing(request: &Request<'_>, mut stage: Stage) -> Stage {
    let Some(wanted) = request.wanted.first() else { return stage };
    Arc::make_mut(&mut stage.kernel).overrides.push(("DX0_ADD".into(), f64::from(u8::from(wanted.add))));
    stage.writing(vec![("dx0".into(), wanted.output)])
}

/// The stage that counts a loss's denominators, the positions that a workgroup of it sees, and its tallies.
pub(super) fn count(request: &Request<'_>, piece: Piece, positions: usize) -> (Stage, u32, u64) {
    let labelled = request.checked.labels.is_some();
    let mut joint =
        Joint::new(&["lib/component", "lib/params", "lib/label", "lib/tally", "lib/workspace", "dtype/float"]);
    joint.optional("labels", labelled);
    let weighs = request.divisor(piece) == Divisor::Weights;
    joint.optional("class_weight", weighs && !request.among());
    joint.optional("mask", request.player(Role::Mask).is_some());
    // the weight of a label is in one piece of many: as few positions are looked up in a row as keep that loop short
    let looks_up = weighs && request.among();
    match looks_up {
        true => joint.files(&["operand/statistics", "geometry/places", "geometry/label_of_pieces"]),
        false => joint.files(&["geometry/label_weight"]),
    }
    joint.files(&["geometry/positions_count"]);
    let counted = if looks_up { 256 } else { COUNTED };
    let tallies = positions.div_ceil(counted) as u64;
    (
        joint.stage("positions_count", Vec::new(), tallies).through(Values::Each(counted as u64)),
        narrow(counted as u64),
        tallies,
    )
}
