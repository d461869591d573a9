//! Plans metrics in every way in which they can be planned, and checks the rules that these plans keep.

use super::cases::{FLOATS, LABELS, noop};
use crate::check;
use crate::error::Result;
use crate::gpu::kernel::Kernel;
use crate::gpu::plan::{MOST_CELLS, Plan, assert_short, predictions};
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::{find, metrics};
use crate::gpu::target::Target;
use crate::metrics::{Counting, Predictions};
use crate::shape::{ClassAxis, DType, without_classes};

const ALL: [Counting; 2] = [Counting::Accuracy, Counting::ConfusionMatrix];

/// The shapes of logits: rows that one lane takes, rows that several lanes take, classes that lie far apart, items that
/// have their own workgroups, and rows of classes on the last axis.
const LOGITS: &[(&[usize], ClassAxis)] = &[
    (&[70, 5], ClassAxis::Second),
    (&[3, 3000], ClassAxis::Second),
    (&[2, 3, 4], ClassAxis::Second),
    (&[2, 600, 500], ClassAxis::Second),
    (&[2, 5, 30], ClassAxis::Last),
];

/// The plan for predictions of these shapes and dtypes.
fn plan(
    counting: Counting,
    (input, axis): (&[usize], ClassAxis),
    [predicted, labels]: [DType; 2],
    mask: Option<DType>,
    classes: Option<usize>,
    target: &Target,
) -> Result<Plan> {
    let input = noop().claim(input, predicted).with_class_axis(axis);
    let shape = if predicted.is_float() { without_classes(input.shape(), axis) } else { input.shape().to_vec() };
    let of = Predictions::of(&input, &noop().claim(shape.clone(), labels));
    let of = if let Some(mask) = mask { of.mask(&noop().claim(shape, mask)) } else { of };
    let of = if let Some(classes) = classes { of.classes(classes) } else { of };
    predictions(counting, &of, &check::predictions(counting, &of)?, target)
}

/// The plans of all kinds of predictions, with dtypes by turns.
fn plans() -> Vec<Plan> {
    let masks = [None, Some(DType::F32), Some(DType::F16), Some(DType::U8), Some(DType::I64)];
    let mut plans = Vec::new();
    for (turn, (counting, target)) in ALL.into_iter().flat_map(|of| Target::ALL.map(|target| (of, target))).enumerate()
    {
        for (place, &logits) in LOGITS.iter().enumerate() {
            for (at, mask) in masks.into_iter().enumerate() {
                let of = [FLOATS[(turn + place + at) % 3], LABELS[(turn + at) % 4]];
                plans.push(plan(counting, logits, of, mask, None, &target).expect("a plan"));
            }
        }
        for (at, mask) in masks.into_iter().enumerate() {
            let of = [LABELS[(turn + at) % 4], LABELS[at % 4]];
            let classes = if at % 2 == 0 { 7 } else { 1000 };
            plans.push(plan(counting, (&[300], ClassAxis::Second), of, mask, Some(classes), &target).expect("a plan"));
        }
    }
    plans
}

/// The kernels of all metrics.
pub(super) fn kernels() -> Vec<Kernel> {
    let stages = plans().into_iter().flat_map(|plan| plan.stages);
    stages.map(|stage| Kernel::from(Recipe::clone(&stage.recipe))).collect()
}

#[test]
fn plans_of_metrics_are_short_at_any_size() {
    let (second, last) = (ClassAxis::Second, ClassAxis::Last);
    let shapes: [(&[usize], ClassAxis); 9] = [
        (&[0, 3], second),
        (&[1, 2_621_440], second),
        (&[1 << 31, 1], second),
        (&[1 << 30, 3], second),
        (&[1 << 20, 4000], second),
        (&[1 << 12, 3, 1 << 18], second),
        (&[1, 12, 1 << 27], second),
        (&[1 << 18, 1 << 12, 3], second),
        (&[1 << 10, 1 << 12, 1000], last),
    ];
    let (dtypes, mask) = ([DType::F16, DType::U8], Some(DType::U8));
    for target in Target::ALL {
        // a binding that has room for every tensor
        let target = Target { binding_limit: u32::MAX.into(), ..target };
        for shape in shapes {
            let plan = plan(Counting::Accuracy, shape, dtypes, mask, None, &target).expect("a plan");
            assert_short(&shape, &plan);
            assert!(plan.params.tallies < 1 << 20, "{shape:?}: {} workgroups", plan.params.tallies);
        }
        let most = (&[u32::MAX as usize - (1 << 25)][..], second);
        let plan = plan(Counting::Accuracy, most, [DType::U8; 2], mask, Some(256), &target).expect("a plan");
        assert_short(&most, &plan);
    }
}

#[test]
fn what_is_too_large_for_a_count_is_refused_from_shapes() {
    let target = &Target::ALL[1];
    let labels = [DType::I32; 2];
    let said = |counting, input: &[usize], dtypes, classes| {
        plan(counting, (input, ClassAxis::Second), dtypes, None, classes, target)
            .expect_err("it is too large")
            .to_string()
    };
    let logits = [DType::F32, DType::I32];
    assert_eq!(
        said(Counting::Accuracy, &[1, 2_621_441], logits, None),
        "accuracy on the GPU: classes: 2621441 needed, the limit is 2621440"
    );
    assert_eq!(
        said(Counting::ConfusionMatrix, &[1, 70_000], logits, None),
        "confusion_matrix: counts of shape [70001, 70000]: 4900070000 needed, the limit is 4261412863"
    );
    assert_eq!(
        said(Counting::ConfusionMatrix, &[1], labels, Some(usize::MAX)),
        format!(
            "confusion_matrix: counts of shape [{0}, {0}]: {1} needed, the limit is 4261412863",
            usize::MAX,
            u64::MAX
        )
    );
    assert_eq!(
        said(Counting::Accuracy, &[u32::MAX as usize], labels, Some(2)),
        "accuracy: elements of `input` of shape [4294967295]: 4294967295 needed, the limit is 4261412863"
    );
}

#[test]
fn a_workgroup_has_room_for_the_cells_that_a_plan_gives_it() {
    let text = find(metrics::counter::WORKGROUP.0).expect("a file").text;
    assert!(text.contains(&format!("const MOST_CELLS: u32 = {MOST_CELLS}u;")));
}
