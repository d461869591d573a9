//! How plans cut walks: loops are short and grids small enough at every size, the shape alone decides, and every
//! gradient is written once.

use super::cases::{Case, Gradients, Shard, cases, follows_another, noop};
use super::compiled::{in_parallel, wants_every_kernel};
use crate::error::Error;
use crate::gpu::plan::{Bound, Stage, assert_short, reads_first};
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::role::Role;
use crate::shape::{ClassAxis, DType, elements};
use std::collections::BTreeMap;
use std::ops::Range;

/// The longest axis that is planned, or the largest `usize` if that is smaller.
const FURTHEST: usize = match 1usize.checked_shl(33) {
    Some(length) => length,
    None => usize::MAX,
};

/// Lengths of every order of magnitude, so that every threshold has lengths on either side; one from which a chunk reaches past
/// the largest `u32`; and the largest `u32`.
fn sizes(most: usize) -> impl Iterator<Item = usize> + Clone {
    let powers = (0..11).map(|power| 10u64.pow(power));
    let sizes = powers
        .flat_map(|size| [size, 2 * size + 1, 4 * size, 5 * size - 1])
        .chain([u64::from(u32::MAX) - (1 << 16), u32::MAX.into()]);
    sizes.filter_map(move |size| usize::try_from(size).ok().filter(|&size| size <= most))
}

/// Shapes of many orders of magnitude, up to more elements than 32 bits can count.
fn shapes(loss: &dyn Loss) -> Vec<(Vec<usize>, ClassAxis)> {
    use ClassAxis::{Last, Second};
    let by_item = loss.header().of_role(Role::Index).is_some();
    let mut shapes = Vec::new();
    match loss.leaf() {
        Leaf::Pointwise(_) if by_item => {
            shapes.extend(
                sizes(100_000_000).flat_map(|n| sizes(FURTHEST).map(move |per_item| (vec![n, per_item], Second))),
            );
        }
        // the loss has a constant for each column, so there are few columns
        Leaf::Pointwise(leaf) if leaf.columns().is_some() => {
            shapes.extend(sizes(FURTHEST).map(|n| (vec![n, 2], Second)));
        }
        Leaf::Pointwise(_) => shapes.extend(sizes(FURTHEST).map(|n| (vec![n], Second))),
        Leaf::Vectors(_) => {
            shapes.extend(sizes(FURTHEST).flat_map(|n| sizes(FURTHEST).map(move |width| (vec![n, width], Second))));
        }
        Leaf::Boxes(_) => shapes.extend(sizes(FURTHEST).map(|n| (vec![n, 4], Second))),
        Leaf::Neighbours(_) | Leaf::Windows(_) => {
            // no side is shorter than a window, at any level; a plan of levels has five times the dispatches
            let (short, step) = if loss.leaf().levels().is_empty() { (10, 3) } else { (160, 11) };
            for n in sizes(10_000_000).step_by(step) {
                let sides = |most| sizes(most).map(move |side| side + short);
                for (height, width) in
                    sides(100_000).step_by(2).flat_map(|h| sides(FURTHEST).step_by(3).map(move |w| (h, w)))
                {
                    shapes.extend([(vec![n, 3, height, width], Second), (vec![n, height, width, 3], Last)]);
                }
            }
        }
        Leaf::Alignments(_) => {
            for steps in sizes(10_000_000).step_by(3) {
                for (items, classes) in
                    sizes(1_000_000).step_by(5).flat_map(|n| sizes(10_000_000).step_by(5).map(move |c| (n, c)))
                {
                    shapes.push((vec![steps, items, classes], Second));
                }
            }
        }
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) => {
            shapes.extend(sizes(10_000_000).flat_map(|n| sizes(100_000).map(move |d| (vec![n, d], Second))));
        }
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_) | Leaf::Gram(_) => {
            // every third number of items, since items of several lengths vary the number of positions anyway
            for n in sizes(100_000_000).step_by(3) {
                // region losses refuse a softmax over one channel
                let region = matches!(loss.leaf(), Leaf::Region(_));
                for c in sizes(10_000_000).filter(|&c| c > 1 || !region) {
                    shapes.push((vec![n, c], Second));
                    shapes.extend([7, 10_000, 300_001, 3_000_001].map(|s| (vec![n, c, s], Second)));
                    shapes.extend([7, 10_000, 300_001, 3_000_001].map(|s| (vec![n, s, c], Last)));
                }
            }
        }
    }
    // a little beyond the limit is enough: anything larger is refused for the same reason
    shapes.retain(|(shape, _)| elements(shape).is_some_and(|n| (n as u64) < 1 << 34));
    shapes
}

/// Large shapes that users have, and that must not be refused. Most have about 2^31 elements. For pairs, alignments and
/// levels some are smaller.
fn large(loss: &dyn Loss) -> Vec<(Vec<usize>, ClassAxis)> {
    use ClassAxis::{Last, Second};
    let by_item = loss.header().of_role(Role::Index).is_some();
    match loss.leaf() {
        Leaf::Pointwise(_) if by_item => vec![(vec![256, 1 << 23], Second), (vec![100_000, 20_000], Second)],
        Leaf::Pointwise(leaf) if leaf.columns().is_some() => vec![(vec![1 << 30, 2], Second)],
        Leaf::Pointwise(_) => vec![(vec![1 << 31], Second), (vec![4_000_000_000], Second)],
        Leaf::Boxes(_) => vec![(vec![1 << 29, 4], Second)],
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        // token logits with their classes last or second, a batch of volumes, long rows, and very many rows of few
        // classes
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => vec![
            (vec![16, 1024, 131_072], Last),
            (vec![16, 131_072, 1024], Second),
            (vec![16, 8, 256, 256, 256], Second),
            (vec![16, 134_217_728], Second),
            (vec![1 << 30, 2], Second),
            (vec![1 << 31, 1], Second),
        ],
        Leaf::Region(_) => vec![(vec![16, 8, 256, 256, 256], Second), (vec![16, 65_536, 2048], Last)],
        // many embeddings, very many rows of two elements, two rows as long as whole models, and long rows of an odd
        // length
        Leaf::Vectors(_) => vec![
            (vec![1 << 22, 512], Second),
            (vec![1 << 30, 2], Second),
            (vec![2, 1 << 30], Second),
            (vec![1 << 15, 65_535], Second),
        ],
        // the largest batches in use
        Leaf::Similarity(_) | Leaf::Hardest(_) => vec![(vec![65_536, 1024], Second), (vec![32_768, 4096], Second)],
        Leaf::Gram(_) => vec![(vec![1, 64, 1024, 1024], Second), (vec![16, 512, 64, 64], Second)],
        // a batch of photographs, and a scan
        Leaf::Neighbours(_) | Leaf::Windows(_) => {
            // the levels of a plane are held in memory, so a larger scan would need a larger workspace bound
            let scan = if loss.leaf().levels().is_empty() { 45_000 } else { 4000 };
            vec![(vec![64, 3, 3000, 3000], Second), (vec![64, 3000, 3000, 3], Last), (vec![1, 1, scan, scan], Second)]
        }
        Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) => {
            vec![(vec![1 << 20, 2048], Second), (vec![4096, 16_384], Second)]
        }
        // a batch of talks spelled in letters, one spelled in parts of words, and many short texts
        Leaf::Alignments(_) => {
            vec![(vec![20_000, 32, 64], Second), (vec![2000, 64, 10_000], Second), (vec![100, 4096, 32], Second)]
        }
    }
}

/// Of the cases of this shape, the one with the most dispatches: it has all optional operands, such as a mask, for which
/// what takes part is counted first.
fn case(loss: &dyn Loss, shape: &[usize], axis: ClassAxis, gradients: Gradients) -> Case {
    let optional = loss.header().operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect();
    Case { axis, optional, gradients, ..Case::new(loss, shape) }
}

/// The kinds of adapters that walks are cut for: whether it is a CPU, and whether kernels are small, as for DX12.
const KINDS: [(bool, bool); 3] = [(false, false), (true, false), (false, true)];

/// If a loss has many shapes, this plans a third of them, and another third for the next loss. With `WGLOSS_EVERY_KERNEL` it
/// plans all shapes of every loss.
#[test]
fn no_loop_is_long_and_no_grid_is_too_large_at_any_size() {
    let walked = crate::losses::walked().into_iter().filter(|loss| !follows_another(&**loss));
    in_parallel(&walked.enumerate().collect::<Vec<_>>(), |(number, loss)| {
        let (mut planned, mut refused) = (0, 0);
        let shapes = shapes(&**loss);
        let step = if wants_every_kernel() || shapes.len() < 200 { 1 } else { 3 };
        for (shape, axis) in shapes.into_iter().skip(number % step).step_by(step) {
            let in_place = reads_first(loss.leaf()).then_some(Gradients::InPlace);
            let ways = [Gradients::None, Gradients::Store].into_iter().chain(in_place);
            for (gradients, (on_cpu, small)) in ways.flat_map(|gradients| KINDS.map(|kind| (gradients, kind))) {
                let case = Case { on_cpu, small, ..case(&**loss, &shape, axis, gradients) };
                match case.plan(noop()) {
                    Ok(plan) => {
                        assert_short(&case, &plan);
                        planned += 1;
                    }
                    Err(Error::TooLarge { needed, limit, .. }) => {
                        assert!(needed > limit, "{case:?}: {needed} of {limit}");
                        refused += 1;
                    }
                    // the row would have to be cut into chunks
                    Err(Error::OverlappingBuffers { .. }) if gradients == Gradients::InPlace => refused += 1,
                    Err(other) => panic!("{case:?}: {other}"),
                }
            }
        }
        // with a 32-bit usize little is too large
        let some_refused = refused > 0 || usize::BITS == 32;
        assert!(planned > 0 && some_refused, "{}: {planned} planned, {refused} refused", loss.header().id);
    });
}

fn leaf_of_classes(loss: &dyn Loss) -> bool {
    matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_))
}

#[test]
fn large_shapes_in_use_are_not_refused() {
    for loss in crate::losses::walked() {
        for ((shape, axis), (on_cpu, small)) in
            large(&*loss).into_iter().flat_map(|large| KINDS.map(|kind| (large.clone(), kind)))
        {
            let tiled = matches!(
                loss.leaf(),
                Leaf::Similarity(_)
                    | Leaf::Hardest(_)
                    | Leaf::Gram(_)
                    | Leaf::Linear(_)
                    | Leaf::LinearDivergence(_)
                    | Leaf::Segments(_)
            );
            // a row is scored with its label's logit, which may be anywhere in it, so the whole row must fit a binding
            let long = leaf_of_classes(&*loss) && shape.len() == 2 && shape[1] > 1 << 25;
            // bindings as long as GPUs allow, and as WebGPU guarantees, with which walks are cut into slices
            for binding_limit in [2 << 30, 128 << 20].into_iter().take(if tiled || long { 1 } else { 2 }) {
                let case = Case { binding_limit, on_cpu, small, ..case(&*loss, &shape, axis, Gradients::Store) };
                let plan = case.kept_plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
                // a few dispatches for each slice, and for each level of a plane
                let (dispatches, most) = (plan.stages.len(), if loss.leaf().levels().is_empty() { 4000 } else { 8000 });
                assert!(tiled || dispatches < most, "{case:?}: {dispatches} dispatches");
            }
        }
    }
}

/// On one kind of adapter, the shape alone decides how a walk is cut, so the loss has the same bits whatever else a
/// call asks for.
#[test]
fn walks_are_cut_by_the_shape_alone() {
    for loss in crate::losses::walked() {
        let mut cuts: BTreeMap<String, [u32; 5]> = BTreeMap::new();
        // exceptions: shards are merged with others, and rows that their gradient overwrites are never cut
        let whole =
            cases(&*loss).into_iter().filter(|case| case.shard == Shard::Whole && case.gradients != Gradients::InPlace);
        for case in whole.step_by(7) {
            let plan = case.plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
            let p = plan.params;
            let cut = [p.items, p.per_item, p.chunk, p.chunks, p.rounds];
            // the padding of pictures says how many windows there are
            let padding = matches!(loss.leaf(), Leaf::Windows(_)).then_some(&case.options);
            // if rows are sequences, each row is an item
            let sequences = case.loss().goes_by_sequences(case.reduction);
            let of = format!("{:?} {:?} {padding:?} {sequences} {} {}", case.shape, case.axis, case.on_cpu, case.small);
            let known = *cuts.entry(of).or_insert(cut);
            assert_eq!(known, cut, "{case:?}");
        }
    }
}

#[test]
fn equal_requests_get_equal_plans() {
    let described = |stage: &Stage| (stage.recipe.key(), stage.groups);
    for loss in crate::losses::walked() {
        for case in cases(&*loss).iter().step_by(31) {
            let plans = [case.plan(noop()), case.plan(noop())];
            let [a, b] = plans.map(|plan| plan.unwrap_or_else(|error| panic!("{case:?}: {error}")));
            let stages = [&a, &b].map(|plan| plan.stages.iter().map(described).collect::<Vec<_>>());
            assert_eq!(stages[0], stages[1], "{case:?}");
            assert_eq!(bytemuck::bytes_of(&a.params), bytemuck::bytes_of(&b.params), "{case:?}");
            assert_eq!((&a.scratch, a.longest_loop()), (&b.scratch, b.longest_loop()), "{case:?}");
        }
    }
}

/// However a walk is cut, one kernel writes each wanted gradient to its own output, and no two of the kernel's dispatches
/// share both workgroups and classes. No kernel binds scratch memory that its plan lacks.
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

/// Whether two dispatches have one kernel, and no workgroup or no class in common.
fn are_apart(a: &Stage, b: &Stage) -> bool {
    let groups = |stage: &Stage| u64::from(stage.block.first_group)..u64::from(stage.block.first_group) + stage.groups;
    let apart = |a: Range<u64>, b: Range<u64>| a.end <= b.start || b.end <= a.start;
    let classes = |stage: &Stage| stage.block.other_first.into()..stage.block.other_end.into();
    a.recipe.key() == b.recipe.key() && (apart(groups(a), groups(b)) || apart(classes(a), classes(b)))
}

/// With a weight, a mask and a tensor of upstream gradients, one dispatch cannot bind both gradients of a pointwise
/// loss, so a second dispatch writes the other gradient.
#[test]
fn more_gradients_than_buffers_take_a_second_dispatch() {
    let loss = crate::by_id("mse").expect("a loss with two gradients");
    let case = Case {
        reduction: crate::Reduction::None,
        upstream_tensor: true,
        target: DType::I32,
        // with sample weights too, mask and upstream gradient would be combined
        optional: vec!["weight", "mask"],
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
