//! What walks hold that go block by block: never all pairs, and no more than the workspace bound.

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
fn batches_that_people_train_with_fit_the_bound() {
    for (id, shape, free) in [
        ("info_nce", [16_384, 256], 0),
        ("siglip", [16_384, 256], 0),
        ("sup_con", [16_384, 256], 0),
        ("linear_cross_entropy", [4096, 1024], 32_000),
        ("linear_cross_entropy", [8192, 2304], 256_000),
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
    for (id, free) in [("info_nce", 0), ("siglip", 0), ("sup_con", 0), ("linear_cross_entropy", 5000)] {
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
            // so small that what is held of each row alone does not fit, or blocks so small that there are too many
            Error::TooLarge { what, needed, limit } => {
                assert!(needed > limit, "{id}: {what}: {needed} of {limit}");
                assert!(last < 2 << 20, "{id}: refused at {bound} bytes, after {last} fitted");
            }
            other => panic!("{id}: {other}"),
        }
    }
}
