//! The rules that every plan keeps. Tests assert them for chosen cases, fuzzing for random ones.

use super::blocks::MULTIPLIED;
use super::request::Request;
use super::scratch::MOST_TALLIES;
use super::spans::Values;
use super::split::{SLICE, room};
use super::stage::{Bound, MOST_BUFFERS, Plan, Stage};
use crate::check::{Work, work};
use crate::gpu::recipe::Recipe;
use crate::shape::elements;
use crate::term::Operand;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// The most iterations of a loop. Some drivers silently stop the loops of an invocation after 65,535 iterations in total,
/// and a kernel has a few loops of this length.
const LONGEST: u64 = 10_240 + 24;

/// The most workgroups of a dispatch in one dimension, and folded into two.
const MOST_OF_ONE: u64 = 65_535;
const MOST_GROUPS: u64 = MOST_OF_ONE * MOST_OF_ONE;

/// How many workgroups at each end of a walk are checked one by one.
const LOOKED_AT: u64 = 512;

/// Asserts that no loop is long, no grid is too large, no dispatch is empty, and no kernel counts past 32 bits.
pub(crate) fn assert_short(case: &impl std::fmt::Debug, plan: &Plan) {
    let longest = plan.longest_loop();
    assert!(longest <= LONGEST, "{case:?}: a loop of {longest}");
    for stage in &plan.stages {
        assert!(stage.groups <= MOST_GROUPS, "{case:?}: {} workgroups of {}", stage.groups, stage.recipe.entry());
        assert!(stage.groups > 0, "{case:?}: {} is dispatched for nothing", stage.recipe.entry());
        // kernels count in 32 bits, to the end of a chunk that may be longer than what is left
        if let Some(values @ Values::OfItems { chunk, .. }) = stage.values {
            let end = u64::from(stage.block.first_group) + stage.groups;
            let past = values.of(&(end - 1..end)).start + chunk as u64;
            assert!(past <= u32::MAX.into(), "{case:?}: {} counts to {past}", stage.recipe.entry());
        }
    }
}

/// Asserts every rule.
pub(crate) fn assert_kept(case: &impl std::fmt::Debug, request: &Request<'_>, plan: &Plan) {
    assert_short(case, plan);
    assert_counted(plan);
    let kernels = bindings(plan);
    let ends = ends(plan);
    for stage in &plan.stages {
        let (entry, names) = (stage.recipe.entry(), &kernels[&Arc::as_ptr(&stage.recipe)]);
        // workgroups are folded into rows, and kernels count them in 32 bits
        let rows = stage.groups.div_ceil(MOST_OF_ONE);
        let (first, beyond) = (u64::from(stage.block.first_group), u64::from(stage.block.beyond));
        let last = first + rows * stage.groups.div_ceil(rows) + beyond;
        assert!(rows <= MOST_OF_ONE && last <= u64::from(u32::MAX), "{entry}: workgroups to {last}");
        // a grid may have surplus workgroups, which must not do the work of another slice
        if let Some(walk) = ends.get(&Arc::as_ptr(&stage.recipe)) {
            let end = first + stage.groups;
            let moved = (u64::from(stage.block.end_group), beyond) == (end, walk - end);
            assert!(moved, "{entry}: workgroups from {end} on are those of another dispatch");
        }
        for name in names {
            // panics if the plan does not hold the scratch memory
            let _ = plan.bound(stage, name);
        }
        assert_windows(request, plan, stage);
        assert_quick(stage);
    }
    let work = work(request.part).expect("the part has been checked");
    let tiled = matches!(
        work,
        Work::Similarity { .. }
            | Work::Hardest { .. }
            | Work::Linear { .. }
            | Work::Segments { .. }
            | Work::LinearDivergence { .. }
            | Work::Gram { .. }
    );
    if tiled || matches!(work, Work::Windows { .. } | Work::Levels { .. } | Work::Alignments { .. }) {
        let held: u64 = plan.scratch.iter().map(|scratch| scratch.bytes).sum();
        assert!(held <= request.workspace_bound, "{held} bytes of workspace of {}", request.workspace_bound);
    }
    for wanted in request.wanted {
        let length = request.part.operand(wanted.operand).map_or(0, |tensor| tensor.len());
        let writes = |stage: &&Stage| stage.gradients.iter().any(|(_, output)| *output == wanted.output);
        let stages: Vec<&Stage> = plan.stages.iter().filter(writes).collect();
        assert!(length == 0 || !stages.is_empty(), "the gradient of `{}` is not written", wanted.operand);
        assert_once(request, plan, wanted.operand, &stages);
    }
    if request.unreduced() && !request.statistics {
        let binds = |stage: &&Stage| kernels[&Arc::as_ptr(&stage.recipe)].contains(&"losses");
        let stages: Vec<&Stage> = plan.stages.iter().filter(binds).collect();
        let values = elements(&request.checked.loss_shape).unwrap_or(0);
        assert!(values == 0 || !stages.is_empty(), "the loss's values are not written");
        if stages.iter().all(|stage| stage.values.is_some()) {
            assert_groups_once(request, stages.iter().copied(), "the loss's values");
        }
    }
}

/// The number of workgroups of each walk that is cut into slices, by recipe.
fn ends(plan: &Plan) -> HashMap<*const Recipe, u64> {
    let mut ends = HashMap::new();
    for stage in plan.stages.iter().filter(|stage| stage.block.first_group > 0) {
        let end = ends.entry(Arc::as_ptr(&stage.recipe)).or_default();
        *end = u64::max(*end, u64::from(stage.block.first_group) + stage.groups);
    }
    ends
}

/// The names of each kernel's bindings, by recipe, since many stages share one. Asserts that no kernel binds too many
/// buffers.
fn bindings(plan: &Plan) -> HashMap<*const Recipe, Vec<&'static str>> {
    let mut kernels = HashMap::new();
    for stage in &plan.stages {
        kernels.entry(Arc::as_ptr(&stage.recipe)).or_insert_with(|| {
            let (entry, buffers) = (stage.recipe.entry(), stage.buffers());
            assert!(buffers <= MOST_BUFFERS, "{entry} binds {buffers} buffers");
            stage.recipe.bindings().iter().map(|binding| binding.name).collect()
        });
    }
    kernels
}

/// Asserts that no size of the walk is the largest u32, and that there are not too many tallies.
fn assert_counted(plan: &Plan) {
    let p = &plan.params;
    let numbers = [p.items, p.per_item, p.classes, p.class_stride, p.position_stride, p.chunk, p.chunks, p.rounds];
    let more = [p.tallies, p.first_tally, p.count_chunk, p.count_tallies, p.columns];
    assert!(numbers.iter().chain(&more).all(|&number| number != u32::MAX), "a clamped parameter: {p:?}");
    assert!(u64::from(p.tallies.max(p.count_tallies)) <= MOST_TALLIES, "{} tallies", p.tallies);
}

/// Asserts that each window begins in its tensor, holds what the workgroups need, and fits a binding; that what has no window
/// fits a binding too; and that no slice goes through too many bytes.
fn assert_windows(request: &Request<'_>, plan: &Plan, stage: &Stage) {
    let entry = stage.recipe.entry();
    for (name, window) in &stage.windows {
        let bound = plan.bound(stage, name);
        let (length, size) = extent(request, plan, &bound);
        assert!(window.start < window.end, "{entry}: `{name}` has the window {window:?}");
        assert!(window.start < length, "{entry}: the window {window:?} of `{name}`, which has {length} elements");
        let bytes = (window.end.min(length) - window.start) * size;
        assert!(
            bytes <= room(request),
            "{entry}: {bytes} bytes of `{name}` in a binding of {}",
            request.target.binding_limit
        );
        // walks over tiles, items or steps set their windows themselves, and their workgroups have no values
        let Some(values) = stage.values else { continue };
        let first = u64::from(stage.block.first_group);
        let of = values.of(&(first..first + stage.groups));
        let needed = plan.spans.of(name, &of, &stage.block);
        assert_eq!(needed.as_ref(), Some(window), "{entry}: what workgroups need of `{name}`");
    }
    let Some(values) = stage.values else { return };
    let all = values.of(&(0..stage.groups));
    for binding in stage.recipe.bindings() {
        let has_window = stage.windows.iter().any(|(name, _)| *name == binding.name);
        if has_window || plan.spans.of(binding.name, &all, &stage.block).is_none() {
            continue;
        }
        let (length, size) = extent(request, plan, &plan.bound(stage, binding.name));
        let limit = request.target.binding_limit;
        assert!(length * size <= limit, "{entry}: {} bytes of `{}` without a window", length * size, binding.name);
    }
    if stage.windows.is_empty() || stage.groups == 1 {
        return;
    }
    let gone_through = stage.windows.iter().map(|(name, _)| {
        let first = u64::from(stage.block.first_group);
        let groups = first..first + stage.groups;
        let elements = plan.spans.elements(name, &values.of(&groups), &stage.block);
        values.read_by(elements, &groups) * extent(request, plan, &plan.bound(stage, name)).1
    });
    let gone_through = gone_through.max().unwrap_or(0);
    assert!(gone_through <= SLICE, "{entry} goes through {gone_through} bytes at once");
}

/// How many elements a tensor or scratch memory has, and the bytes of an element.
fn extent(request: &Request<'_>, plan: &Plan, bound: &Bound) -> (u64, u64) {
    let operand = |name: &str| request.part.operand(name).map_or(0, |tensor| tensor.len() as u64);
    let size = request.dtype(bound).map_or(4, |dtype| dtype.size() as u64);
    let values = || elements(&request.checked.loss_shape).unwrap_or(0) as u64;
    match bound {
        Bound::Operand(name) => (operand(name), size),
        Bound::Output(output) => {
            let of = request.wanted.iter().find(|wanted| wanted.output == *output);
            (of.map_or(0, |wanted| operand(wanted.operand)), size)
        }
        Bound::Upstream | Bound::Losses | Bound::Observed(_) => (values(), size),
        Bound::Scratch(name) => {
            let size = plan.element_bytes(name);
            let held = plan.scratch.iter().find(|scratch| scratch.name == *name).map_or(0, |scratch| scratch.bytes);
            (held / size, size)
        }
        other => panic!("no window may be bound of {other:?}"),
    }
}

/// Asserts that no dispatch over tiles takes more than [`MULTIPLIED`] multiply-adds, unless it has only the rows of one tile.
fn assert_quick(stage: &Stage) {
    if !["tiles_", "hardest_"].iter().any(|begin| stage.recipe.entry().starts_with(begin)) {
        return;
    }
    let (rows, others) = (own(stage), u64::from(stage.block.other_end) - u64::from(stage.block.other_first));
    let rows = rows.end - rows.start;
    let multiplied = rows * others * u64::from(stage.block.width);
    assert!(rows <= 64 || multiplied <= MULTIPLIED, "{} multiplies {multiplied}", stage.recipe.entry());
}

/// Asserts that these stages write each element of an operand's gradient once.
fn assert_once(request: &Request<'_>, plan: &Plan, operand: &str, stages: &[&Stage]) {
    let Some(first) = stages.first() else { return };
    let shape = request.part.operand(operand).map_or(&[][..], Operand::shape);
    let whose = format!("the gradient of `{operand}`");
    if first.values.is_some() {
        let same = stages.iter().all(|stage| stage.recipe.key() == first.recipe.key());
        assert!(same, "{whose} is written by several kernels");
        // each range of classes is a walk of its own, with all workgroups
        let mut ranges: BTreeMap<(u32, u32), Vec<&Stage>> = BTreeMap::new();
        for stage in stages {
            ranges.entry((stage.block.other_first, stage.block.other_end)).or_default().push(stage);
        }
        for stages in ranges.values() {
            assert_groups_once(request, stages.iter().copied(), &whose);
        }
        if ranges.keys().any(|(first, end)| first < end) {
            let ranges = ranges.keys().map(|(first, end)| u64::from(*first)..u64::from(*end));
            assert_covers(ranges, plan.params.classes.into(), &whose);
        }
        return;
    }
    match first.recipe.entry() {
        "tiles_finish" | "tiles_sums" => {
            let rows = shape.first().map_or(0, |&rows| rows as u64);
            assert_covers(stages.iter().map(|stage| own(stage)), rows, &whose);
            let sums = first.recipe.entry() == "tiles_sums";
            for stage in stages {
                let (own, width) = (own(stage), if sums { 1 } else { u64::from(stage.block.width) });
                assert!(stage.groups * 256 >= (own.end - own.start) * width, "{whose}: too few workgroups");
            }
        }
        // each dispatch takes the workgroups of some items, bands or steps
        "gram_backward" | "windows_backward" | "levels_backward" | "alignments_backward" => {
            let groups = |stage: &&Stage| {
                let first = u64::from(stage.block.first_group);
                first..first + stage.groups
            };
            let end = stages.iter().map(groups).map(|groups| groups.end).max().unwrap_or(0);
            assert_covers(stages.iter().map(groups), end, &whose);
        }
        _ => assert_eq!(stages.len(), 1, "{whose} is written by {} dispatches", stages.len()),
    }
}

fn own(stage: &Stage) -> Range<u64> {
    stage.block.own_first.into()..stage.block.own_end.into()
}

/// Asserts that each workgroup is dispatched once, and that together they go through all elements or positions of the walk,
/// as [`Values`](super::spans::Values) counts them. Several workgroups may share a position.
fn assert_groups_once<'a>(request: &Request<'_>, stages: impl Iterator<Item = &'a Stage> + Clone, what: &str) {
    let groups = |stage: &Stage| {
        let first = u64::from(stage.block.first_group);
        first..first + stage.groups
    };
    let Some(values) = stages.clone().find_map(|stage| stage.values) else { return };
    let count = stages.clone().map(groups).map(|groups| groups.end).max().unwrap_or(0);
    assert_covers(stages.map(groups), count, what);
    let all = match work(request.part).expect("the part has been checked") {
        Work::Elements { items, per_item, .. } => items as u64 * per_item as u64,
        Work::Boxes { count, .. } => count as u64,
        Work::Positions { classes, .. } | Work::Regions { classes, .. } => classes.positions() as u64,
        Work::Vectors { rows, width, .. } => rows as u64 * width as u64,
        Work::Neighbours { pictures, .. } => pictures.n as u64 * pictures.per_item() as u64,
        Work::Similarity { .. } | Work::Hardest { .. } | Work::Linear { .. } | Work::Gram { .. } => return,
        Work::LinearDivergence { .. }
        | Work::Segments { .. }
        | Work::Windows { .. }
        | Work::Levels { .. }
        | Work::Alignments { .. } => return,
    };
    let of = |group: u64| values.of(&(group..group + 1));
    assert_eq!(of(0).start, 0, "{what}: where the values begin");
    assert!(of(count - 1).end >= all, "{what}: the values end at {} of {all}", of(count - 1).end);
    assert!(of(count - 1).start < all.max(1), "{what}: a workgroup of nothing");
    let ends = (0..count.min(LOOKED_AT)).chain(count.saturating_sub(LOOKED_AT)..count);
    for group in ends.filter(|group| group + 1 < count) {
        let (this, next) = (of(group), of(group + 1));
        let shares = this == next && matches!(values, Values::Shared { .. });
        assert!(shares || this.end == next.start, "{what}: workgroup {group} has {this:?}, the next {next:?}");
    }
}

/// Asserts that ranges follow each other from 0 to `end` without gaps.
fn assert_covers(ranges: impl Iterator<Item = Range<u64>>, end: u64, what: &str) {
    let mut ranges: Vec<Range<u64>> = ranges.filter(|range| !range.is_empty()).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut reached = 0;
    for range in ranges {
        assert_eq!(range.start, reached, "{what}: written twice, or not at all");
        reached = range.end;
    }
    assert_eq!(reached, end, "{what}: where the last range ends");
}
