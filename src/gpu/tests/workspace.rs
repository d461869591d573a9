//! Walks over tiles never hold all pairs in memory, nor more bytes than the workspace bound allows.

use super::cases::{Case, Gradients, noop};
use crate::error::Error;
use crate::gpu::plan::Plan;

fn case(id: &str, shape: &[usize], free: usize) -> Case {
    let loss = crate::by_id(id).expect("a loss");
    Case { gradients: Gradients::Store, free, ..Case::new(&*loss, shape) }
}

fn scratch(plan: &Plan) -> u64 {
    plan.scratch.iter().map(|scratch| scratch.bytes).sum()
}

#[test]
fn common_batches_fit_the_bound() {
    for (id, shape, free) in [
        ("info_nce", [16_384, 256], 0),
        ("siglip", [16_384, 256], 0),
        ("sup_con", [16_384, 256], 0),
        ("triplet_hard", [16_384, 256], 0),
        ("linear_cross_entropy", [4096, 1024], 32_000),
        ("linear_cross_entropy", [8192, 2304], 256_000),
        ("margin_softmax", [4096, 512], 100_000),
        ("linear_dpo", [8192, 2304], 256_000),
    ] {
        let mut case = case(id, &shape, free);
        case.optional.extend(case.loss().header().operand("bias").map(|spec| spec.name));
        let plan = case.plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        assert!(scratch(&plan) <= 128 << 20, "{case:?}: {} bytes", scratch(&plan));
        let slopes = plan.scratch.iter().find(|scratch| scratch.name == "slopes").map_or(0, |scratch| scratch.bytes);
        assert!(slopes <= 32 << 20, "{case:?}: a block of {slopes} bytes");
    }
}

#[test]
fn a_smaller_bound_makes_blocks_smaller_until_nothing_fits() {
    let without = ["info_nce", "siglip", "sup_con", "triplet_hard"].map(|id| (id, 0));
    for (id, free) in without.into_iter().chain([("linear_cross_entropy", 5000), ("linear_dpo", 5000)]) {
        let whole = case(id, &[3000, 64], free);
        let mut last = scratch(&whole.plan(noop()).expect("a plan"));
        let mut bound = 128 << 20;
        let refused = loop {
            let case = Case { workspace_bound: bound, ..whole.clone() };
            match case.plan(noop()) {
                Ok(plan) => {
                    assert!(scratch(&plan) <= bound && scratch(&plan) <= last, "{case:?}: {}", scratch(&plan));
                    last = scratch(&plan);
                }
                Err(error) => break error,
            }
            bound /= 2;
        };
        match refused {
            // either the memory for all rows does not fit, or blocks are so small that there are too many of them
            Error::TooLarge { what, needed, limit } => {
                assert!(needed > limit, "{id}: {what}: {needed} of {limit}");
                assert!(last < 2 << 20, "{id}: refused at {bound} bytes, after {last} fitted");
            }
            other => panic!("{id}: {other}"),
        }
    }
}

/// A few rows against more columns than a block has. One block has room for all rows, so its slopes also give the
/// gradients of its columns, which need no pass of their own.
#[test]
fn few_rows_against_many_columns_are_planned() {
    for (id, shape, free, optional) in [
        ("linear_cross_entropy", [3, 8], 262_144, None),
        ("linear_cross_entropy", [1, 64], 1_000_000, Some("bias")),
        ("info_nce", [3, 8], 262_144, Some("negatives")),
        ("info_nce", [5, 8], 1_000_000, Some("negatives")),
        // fuzzing found that each tile of negatives was a chunk: 16,386 of them were merged in one loop
        ("info_nce", [16, 127], 1_048_577, Some("negatives")),
    ] {
        let mut case = case(id, &shape, free);
        case.optional.extend(optional);
        let plan = case.kept_plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        assert!(plan.stages.len() < 400, "{case:?}: {} dispatches", plan.stages.len());
    }
}

/// There are so many negatives, each with one element, that a lane would merge more chunks of a row's scores than a
/// loop may have iterations.
#[test]
fn rows_with_too_many_chunks_to_merge_are_refused() {
    let mut case = Case { workspace_bound: 1 << 31, ..case("info_nce", &[64, 1], 4_000_000_000) };
    case.optional.push("negatives");
    let refused = case.kept_plan(noop()).map(|plan| plan.stages.len()).expect_err("too many");
    assert!(refused.to_string().contains("info_nce on the GPU: chunks of the scores of a row"), "{refused}");
}

/// The host records dispatches one by one, so their number is limited. The refusal says what to do.
#[test]
fn a_call_with_too_many_dispatches_is_refused_with_advice() {
    for (id, shape, free) in [
        ("linear_cross_entropy", [131_072, 4096], 262_144),
        ("linear_cross_entropy", [1_048_576, 768], 32_000),
        ("info_nce", [1_000_000, 64], 0),
    ] {
        let case = Case { workspace_bound: 1 << 30, ..case(id, &shape, free) };
        let refused = case.plan(noop()).map(|plan| plan.stages.len()).expect_err("too many");
        let message = refused.to_string();
        for said in [id, "on the GPU: dispatches of all blocks", "take fewer rows a call", "`divide_by`", "16384"] {
            assert!(message.contains(said), "{message} lacks {said}");
        }
    }
    for rows in [1000, 30_000, 60_000, 100_000] {
        for id in ["info_nce", "siglip", "sup_con", "triplet_hard"] {
            let case = Case { workspace_bound: 1 << 30, ..case(id, &[rows, 16], 0) };
            match case.plan(noop()) {
                Ok(plan) => assert!(plan.stages.len() <= (1 << 14) + 64, "{case:?}: {}", plan.stages.len()),
                Err(error) => assert!(error.to_string().contains("dispatches of all blocks"), "{error}"),
            }
        }
    }
}
