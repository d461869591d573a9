//! How plans cut walks: short loops and few workgroups at every size, by the shape alone, every gradient written once.

use super::cases::{Case, Gradients, Piece, cases, follows_another, noop};
use super::compiled::in_parallel;
use crate::error::Error;
use crate::gpu::plan::{Bound, Stage, assert_short, reads_first};
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::role::Role;
use crate::shape::{ClassAxis, DType, elements};
use std::collections::BTreeMap;
use std::ops::Range;

/// The longest axis that is planned, as far as a `usize` counts.
const FURTHEST: usize = match 1usize.checked_shl(33) {
    Some(length) => length,
    None => usize::MAX,
};

/// Powers of ten and their neighbours, so that every threshold has a size on either side, and all that 32 bits count.
fn sizes(most: usize) -> impl Iterator<Item = usize> + Clone {
    let powers = (0..11).map(|power| 10u64.pow(power));
    let sizes = powers.flat_map(|size| [size, 2 * size + 1, 4 * size, 5 * size - 1]).chain([u32::MAX.into()]);
    sizes.filter_map(move |size| usize::try_from(size).ok().filter(|&size| size <= most))
}

/// Shapes over many orders of magnitude, to beyond what 32 bits count.
fn shapes(loss: &dyn Loss) -> Vec<(Vec<usize>, ClassAxis)> {
    use ClassAxis::{Last, Second};
    let by_item = loss.header().player(Role::Index).is_some();
    let mut shapes = Vec::new();
    match loss.leaf() {
        Leaf::Pointwise(_) if by_item => {
            shapes.extend(
                sizes(100_000_000).flat_map(|n| sizes(FURTHEST).map(move |per_item| (vec![n, per_item], Second))),
            );
        }
        // numbers of the loss's own have a column each: there are few
        Leaf::Pointwise(leaf) if leaf.columns().is_some() => {
            shapes.extend(sizes(FURTHEST).map(|n| (vec![n, 2], Second)));
        }
        Leaf::Pointwise(_) => shapes.extend(sizes(FURTHEST).map(|n| (vec![n], Second))),
        Leaf::Vectors(_) => {
            shapes.extend(sizes(FURTHEST).flat_map(|n| sizes(FURTHEST).map(move |width| (vec![n, width], Second))));
        }
        Leaf::Boxes(_) => shapes.extend(sizes(FURTHEST).map(|n| (vec![n, 4], Second))),
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        Leaf::Similarity(_) | Leaf::Linear(_) => {
            shapes.extend(sizes(10_000_000).flat_map(|n| sizes(100_000).map(move |d| (vec![n, d], Second))));
        }
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_) | Leaf::Gram(_) => {
            // of another kind in each power of ten: positions are as many again by their items' sizes
            for n in sizes(100_000_000).step_by(3) {
                // a softmax over one channel is no region loss's
                let region = matches!(loss.leaf(), Leaf::Region(_));
                for c in sizes(10_000_000).filter(|&c| c > 1 || !region) {
                    shapes.push((vec![n, c], Second));
                    shapes.extend([7, 10_000, 300_001, 3_000_001].map(|s| (vec![n, c, s], Second)));
                    shapes.extend([7, 10_000, 300_001, 3_000_001].map(|s| (vec![n, s, c], Last)));
                }
            }
        }
    }
    // no further than a little beyond the limit: what is larger is refused for the same reason
    shapes.retain(|(shape, _)| elements(shape).is_some_and(|n| (n as u64) < 1 << 34));
    shapes
}

/// Shapes of 2^31 elements that people have, and that must not be refused.
fn large(loss: &dyn Loss) -> Vec<(Vec<usize>, ClassAxis)> {
    use ClassAxis::{Last, Second};
    let by_item = loss.header().player(Role::Index).is_some();
    match loss.leaf() {
        Leaf::Pointwise(_) if by_item => vec![(vec![256, 1 << 23], Second), (vec![100_000, 20_000], Second)],
        Leaf::Pointwise(leaf) if leaf.columns().is_some() => vec![(vec![1 << 30, 2], Second)],
        Leaf::Pointwise(_) => vec![(vec![1 << 31], Second), (vec![4_000_000_000], Second)],
        Leaf::Boxes(_) => vec![(vec![1 << 29, 4], Second)],
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        // token logits, their classes first or last, a batch of volumes, one row of very many classes, very many rows of few
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => vec![
            (vec![16, 1024, 131_072], Last),
            (vec![16, 131_072, 1024], Second),
            (vec![16, 8, 256, 256, 256], Second),
            (vec![16, 134_217_728], Second),
            (vec![1 << 30, 2], Second),
            (vec![1 << 31, 1], Second),
        ],
        Leaf::Region(_) => vec![(vec![16, 8, 256, 256, 256], Second), (vec![16, 65_536, 2048], Last)],
        // embeddings of everyone, scalars, a few whole models
        Leaf::Vectors(_) => vec![
            (vec![1 << 22, 512], Second),
            (vec![1 << 30, 2], Second),
            (vec![2, 1 << 30], Second),
            (vec![1 << 15, 65_535], Second),
        ],
        // the largest batches that are trained with
        Leaf::Similarity(_) => vec![(vec![65_536, 1024], Second), (vec![32_768, 4096], Second)],
        Leaf::Gram(_) => vec![(vec![1, 64, 1024, 1024], Second), (vec![16, 512, 64, 64], Second)],
        Leaf::Linear(_) => vec![(vec![1 << 20, 2048], Second), (vec![4096, 16_384], Second)],
    }
}

/// The case of a shape that dispatches most: gradients, over whatever is counted first.
fn case(loss: &dyn Loss, shape: &[usize], axis: ClassAxis, gradients: Gradients) -> Case {
    let optional = loss.header().operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect();
    Case { axis, optional, gradients, ..Case::new(loss, shape) }
}

/// The kinds of adapters that walks are cut for: whether a CPU, and whether kernels are to be small.
const KINDS: [(bool, bool); 3] = [(false, false), (true, false), (false, true)];

#[test]
fn no_loop_is_long_and_no_grid_too_large_at_any_size() {
    for loss in crate::losses::walked().into_iter().filter(|loss| !follows_another(&**loss)) {
        let (mut planned, mut refused) = (0, 0);
        for (shape, axis) in shapes(&*loss) {
            let in_place = reads_first(loss.leaf()).then_some(Gradients::InPlace);
            let ways = [Gradients::None, Gradients::Store].into_iter().chain(in_place);
            for (gradients, (on_cpu, small)) in ways.flat_map(|gradients| KINDS.map(|kind| (gradients, kind))) {
                let case = Case { on_cpu, small, ..case(&*loss, &shape, axis, gradients) };
                match case.plan(noop()) {
                    Ok(plan) => {
                        assert_short(&case, &plan);
                        planned += 1;
                    }
                    Err(Error::TooLarge { needed, limit, .. }) => {
                        assert!(needed > limit, "{case:?}: {needed} of {limit}");
                        refused += 1;
                    }
                    // a row that would have to be cut
                    Err(Error::OverlappingBuffers { .. }) if gradients == Gradients::InPlace => refused += 1,
                    Err(other) => panic!("{case:?}: {other}"),
                }
            }
        }
        // where a usize has 32 bits, little of what it counts is too large
        let some_refused = refused > 0 || usize::BITS == 32;
        assert!(planned > 0 && some_refused, "{}: {planned} planned, {refused} refused", loss.header().id);
    }
}

fn leaf_of_classes(loss: &dyn Loss) -> bool {
    matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_))
}

#[test]
fn what_people_have_is_not_refused() {
    for loss in crate::losses::walked() {
        for ((shape, axis), (on_cpu, small)) in
            large(&*loss).into_iter().flat_map(|large| KINDS.map(|kind| (large.clone(), kind)))
        {
            // bindings as long as GPUs have them; and as WebGPU promises, where walks are cut into pieces
            let tiled = matches!(loss.leaf(), Leaf::Similarity(_) | Leaf::Gram(_) | Leaf::Linear(_));
            // a row is scored with its label's logit, wherever in it that is
            let long = leaf_of_classes(&*loss) && shape.len() == 2 && shape[1] > 1 << 25;
            for binding_limit in [2 << 30, 128 << 20].into_iter().take(if tiled || long { 1 } else { 2 }) {
                let case = Case { binding_limit, on_cpu, small, ..case(&*loss, &shape, axis, Gradients::Store) };
                let plan = case.kept_plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
                // a few for each slice of what is gone through
                let dispatches = plan.stages.len();
                assert!(tiled || dispatches < 4000, "{case:?}: {dispatches} dispatches");
            }
        }
    }
}

/// Every way to ask for a loss of one shape cuts it alike on one kind of adapter, so that the value has the same bits whatever
/// else is asked.
#[test]
fn walks_are_cut_by_the_shape_alone() {
    for loss in crate::losses::walked() {
        let mut cuts: BTreeMap<String, [u32; 5]> = BTreeMap::new();
        // what is spread over devices is merged from more than is here, and in place rows are never cut
        let whole =
            cases(&*loss).into_iter().filter(|case| case.piece == Piece::Whole && case.gradients != Gradients::InPlace);
        for case in whole.step_by(7) {
            let plan = case.plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
            let p = plan.params;
            let cut = [p.items, p.per_item, p.chunk, p.chunks, p.rounds];
            let known =
                *cuts.entry(format!("{:?} {:?} {} {}", case.shape, case.axis, case.on_cpu, case.small)).or_insert(cut);
            assert_eq!(known, cut, "{case:?}");
        }
    }
}

#[test]
fn the_same_request_is_planned_the_same() {
    let described = |stage: &Stage| (stage.recipe.key(), stage.groups);
    for loss in crate::losses::walked() {
        for case in cases(&*loss).iter().step_by(31) {
            let plans = [case.plan(noop()), case.plan(noop())];
            let [a, b] = plans.map(|plan| plan.unwrap_or_else(|error| panic!("{case:?}: {error}")));
            let stages = [&a, &b].map(|plan| plan.stages.iter().map(described).collect::<Vec<_>>());
            assert_eq!(stages[0], stages[1], "{case:?}");
            assert_eq!(bytemuck::bytes_of(&a.params), bytemuck::bytes_of(&b.params), "{case:?}");
            assert_eq!((a.scratch, a.longest_loop), (b.scratch, b.longest_loop), "{case:?}");
        }
    }
}

/// Whichever way the dispatches are split, each wanted gradient is written by one kernel, to its own output, each of whose
/// dispatches has workgroups or classes of its own; and no kernel binds scratch memory that its plan does not ask for.
#[test]
fn every_binding_stands_for_something_and_every_gradient_is_written_once() {
    for loss in crate::losses::walked() {
        let cases = cases(&*loss).into_iter().filter(|case| case.gradients == Gradients::Store);
        in_parallel(&cases.collect::<Vec<_>>(), |case| {
            let plan = case.plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
            let (mut written, mut dispatches) = (Vec::new(), Vec::<(usize, &Stage)>::new());
            for stage in &plan.stages {
                for binding in stage.recipe.bindings() {
                    match plan.bound(stage, binding.name) {
                        Bound::Output(output) => {
                            for (_, other) in dispatches.iter().filter(|(other, _)| *other == output) {
                                assert!(are_apart(stage, other), "{case:?}: output {output} is written twice");
                            }
                            if dispatches.iter().all(|(other, _)| *other != output) {
                                written.push(output);
                            }
                            dispatches.push((output, stage));
                        }
                        Bound::Scratch(name) => {
                            assert!(plan.scratch.iter().any(|scratch| scratch.name == name), "{case:?}: {name}");
                        }
                        _ => {}
                    }
                }
            }
            written.sort_unstable();
            let wanted: Vec<_> = case.wanted().iter().map(|wanted| wanted.output).collect();
            assert_eq!(written, wanted, "{case:?}");
        });
    }
}

/// Whether two dispatches are of one kernel, and have no class of a workgroup in common.
fn are_apart(a: &Stage, b: &Stage) -> bool {
    let groups = |stage: &Stage| u64::from(stage.block.first_group)..u64::from(stage.block.first_group) + stage.groups;
    let apart = |a: Range<u64>, b: Range<u64>| a.end <= b.start || b.end <= a.start;
    let classes = |stage: &Stage| stage.block.other_first.into()..stage.block.other_end.into();
    a.recipe.key() == b.recipe.key() && (apart(groups(a), groups(b)) || apart(classes(a), classes(b)))
}

/// With every operand a pointwise loss can have, one dispatch has too few buffers: the rest is written by a second.
#[test]
fn more_gradients_than_buffers_take_a_second_dispatch() {
    let loss = crate::by_id("mse").expect("a loss with two gradients");
    let case = Case {
        reduction: crate::Reduction::None,
        upstream_tensor: true,
        target: DType::I32,
        ..case(&*loss, &[1000], ClassAxis::Second, Gradients::Store)
    };
    let plan = case.plan(noop()).expect("a plan");
    let counting = |stage: &&Stage| stage.recipe.entry() == "elements";
    let counts = plan.stages.iter().filter(counting).map(|stage| {
        let counts = stage.recipe.overrides().find(|(name, _)| *name == "COUNTS");
        counts.map(|(_, value)| value)
    });
    assert_eq!(counts.collect::<Vec<_>>(), [Some(1.0), Some(0.0)], "the first counts, the second only writes");
}
