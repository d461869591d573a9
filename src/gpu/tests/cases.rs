//! Every way in which a loss can be planned, derived from its header: options, operands, layouts, gradients.

pub(super) use crate::gpu::case::{Case, FLOATS, Gradients, LABELS, MATRICES, Shard, noop};
use crate::gpu::plan::reads_first;
use crate::leaf::{Activation, Leaf};
use crate::loss::{Loss, OperandSpec};
use crate::options::{Kind, OptionSpec, Range, Value};
use crate::role::Role;
use crate::shape::{ClassAxis, DType};
use crate::term::{Observation, Observed};
use std::collections::BTreeSet;

/// With more combinations of options than this, no more than two options differ from their defaults.
const MOST_COMBINATIONS: usize = 100;

/// Settings beyond this many get only one way to scale gradients each, by turns.
const MOST_SETTINGS: usize = 8;

/// Observations of a loss: some, others, and all.
fn observations(loss: &dyn Loss) -> [&'static [Observation]; 3] {
    use Observation::{Accuracy, Entropy, Iou, LogProb, Perplexity, Precision, Predicted, Recall, TopK};
    match Observed::of(loss) {
        Some(Observed::Softmax) => {
            [&[Entropy, Predicted], &[LogProb], &[Accuracy, TopK(5), Entropy, Perplexity, Predicted, LogProb]]
        }
        Some(Observed::Questions) => [&[Accuracy]; 3],
        Some(Observed::Regions) => [&[Precision], &[Recall], &[Iou, Precision, Recall]],
        None => [&[]; 3],
    }
}

/// Every combination of a loss's flags, names, values that may be absent, and the two ends of whole numbers' ranges. Other
/// numbers keep their defaults, since they are parameters of the same kernels. For losses in which a number may switch
/// something on, every combination also occurs with all numbers changed.
pub(super) fn settings(loss: &dyn Loss) -> Vec<Vec<(&'static str, Value)>> {
    let specs = loss.specs();
    let mut settings = vec![Vec::new()];
    for spec in &specs {
        let values = match spec.kind {
            Kind::Number | Kind::Numbers => continue,
            Kind::Integer => match spec.range {
                Range::Within(low, high) => vec![Value::Number(low), Value::Number(high)],
                _ => continue,
            },
            Kind::Flag => vec![Value::Flag(false), Value::Flag(true)],
            Kind::Choice(names) => names.iter().map(|name| Value::Name(name.to_string())).collect(),
            Kind::NumberOrNone => vec![Value::None, another(spec)],
            Kind::IntegerOrNone => vec![Value::None, Value::Number(255.0)],
        };
        let with = |setting: &Vec<_>| {
            let extended = |value: &Value| {
                let mut setting: Vec<(&'static str, Value)> = setting.clone();
                setting.push((spec.name, value.clone()));
                setting
            };
            values.iter().map(extended).collect::<Vec<_>>()
        };
        settings = settings.iter().flat_map(with).collect();
    }
    if settings.len() > MOST_COMBINATIONS {
        let values = loss.values();
        let defaults: Vec<(&str, &Value)> = specs.iter().map(|spec| spec.name).zip(&values).collect();
        let other = |setting: &&(&str, Value)| !defaults.contains(&(setting.0, &setting.1));
        settings.retain(|setting| setting.iter().filter(other).count() <= 2);
    }
    let numbers = specs.iter().filter(|spec| spec.kind == Kind::Number);
    let numbers: Vec<_> = numbers.map(|spec| (spec.name, another(spec))).collect();
    if matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::Linear(_) | Leaf::Segments(_) | Leaf::Vectors(_))
        || loss.leaf().fused_loss().is_some()
    {
        let changed: Vec<_> = settings.iter().map(|setting| [setting.clone(), numbers.clone()].concat()).collect();
        settings.extend(changed);
    }
    settings
}

/// A number in an option's range that is not its default.
fn another(spec: &OptionSpec) -> Value {
    Value::Number(match spec.range {
        Range::Any => 0.5,
        Range::AtLeast(low) | Range::Above(low) => low + 0.5,
        Range::Within(low, high) | Range::Between(low, high) => (low + high) / 2.0,
    })
}

/// Shapes for which a loss's walk is cut in different ways.
fn shapes(loss: &dyn Loss) -> Vec<(Vec<usize>, ClassAxis)> {
    use ClassAxis::{Last, Second};
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) => vec![(vec![3, 4], Second)],
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        // positions in quads, and one by one
        Leaf::Region(_) => vec![(vec![2, 3, 4], Second), (vec![2, 5, 3], Last)],
        // several rows to a workgroup, one row, and rows that are cut into chunks
        Leaf::Vectors(_) => vec![(vec![3, 5], Second), (vec![3, 3000], Second), (vec![2, 70_000], Second)],
        Leaf::Gram(_) => vec![(vec![2, 3, 4], Second), (vec![2, 4, 3], Last)],
        // windows of the default side of 11 pixels
        Leaf::Windows(leaf) if leaf.levels().is_empty() => {
            vec![(vec![2, 2, 13, 40], Second), (vec![2, 11, 13, 2], Last)]
        }
        // pictures large enough for five levels of such windows
        Leaf::Windows(_) => vec![(vec![2, 2, 161, 190], Second), (vec![2, 161, 173, 2], Last)],
        // few classes and many
        Leaf::Alignments(_) => vec![(vec![20, 3, 5], Second), (vec![600, 2, 600], Second)],
        Leaf::Neighbours(_) => vec![(vec![2, 2, 3, 4], Second), (vec![2, 3, 4, 2], Last)],
        Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) => {
            vec![(vec![70, 5], Second)]
        }
        // few classes and many, contiguous and strided; and rows that are cut into chunks
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => vec![
            (vec![2, 3], Second),
            (vec![2, 3000], Second),
            (vec![2, 3, 4], Second),
            (vec![2, 600, 4], Second),
            (vec![2, 5, 30], Last),
            (vec![2, 70_000], Second),
        ],
    }
}

/// Every case of a loss. If an earlier loss is walked in the same way, only the cases with no optional operand, with all of
/// them, and for a fused loss with a mask alone.
pub(super) fn cases(loss: &dyn Loss) -> Vec<Case> {
    let header = loss.header();
    let optional: Vec<_> = header.operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect();
    let dense = header.of_role(Role::Target).is_some();
    let labels = dense || header.operands.iter().any(|spec| spec.role.is_integer());
    let mut targets = if labels { LABELS.to_vec() } else { vec![DType::I32] };
    targets.extend(FLOATS.iter().filter(|_| dense));
    let gradients = [Gradients::None, Gradients::Store, Gradients::Add];
    let every = (1u32 << optional.len()) - 1;
    let alone = |name: &str| optional.iter().position(|known| *known == name).map_or(0, |place| 1 << place);
    // a fused loss counts the positions that a mask keeps
    let masked = if loss.leaf().fused_loss().is_some() { alone("mask") } else { 0 };
    let (subsets, scales): (Vec<u32>, _) = match follows_another(loss) {
        true => (BTreeSet::from([0, masked, every]).into_iter().collect(), vec![0, 3]),
        false => ((0..=every).collect(), vec![0, 1, 2, 3]),
    };
    // sample weights only alone and with all other operands, since kernels for every combination would be too many
    let sampled = alone("sample_weight");
    let subsets: Vec<u32> =
        subsets.into_iter().filter(|subset| subset & sampled == 0 || *subset == sampled || *subset == every).collect();

    let mut cases = Vec::new();
    for (turn, options) in settings(loss).into_iter().enumerate() {
        // other options than the defaults get fewer combinations of the rest, by turns, since each doubles the kernels
        let few = |all: &[u32]| -> BTreeSet<u32> {
            let last = all.len() - 1;
            if turn == 0 { all.iter().copied().collect() } else { [0, turn % all.len(), last].map(|k| all[k]).into() }
        };
        let scales =
            |case: usize| if turn < MOST_SETTINGS { scales.clone() } else { vec![scales[case % scales.len()]] };
        for (shape, axis) in shapes(loss) {
            for &reduction in header.reductions {
                for &target in &targets {
                    for subset in few(&subsets) {
                        let given = (0..optional.len()).filter(|k| subset & (1 << k) != 0).map(|k| optional[k]);
                        let given: Vec<_> = given.collect();
                        for gradients in gradients {
                            for scales in scales(cases.len()) {
                                let (options, shape, optional) = (options.clone(), shape.clone(), given.clone());
                                let case = Case {
                                    options,
                                    reduction,
                                    axis,
                                    target,
                                    // by turns, since kernels for every combination would be too many
                                    floats: FLOATS[cases.len() % FLOATS.len()],
                                    on_cpu: cases.len() % 2 == 1,
                                    subgroup: [8, 16, 4]
                                        .get(cases.len() / 4 % 3)
                                        .copied()
                                        .filter(|_| cases.len() % 4 == 1),
                                    // in every other case with f16 operands on a GPU
                                    matrices: MATRICES
                                        .get(cases.len() / 12 % MATRICES.len())
                                        .copied()
                                        .filter(|_| cases.len() % 12 == 4),
                                    small: cases.len() % 3 == 2,
                                    optional,
                                    upstream_tensor: scales & 1 != 0,
                                    divide_by_tensor: scales & 2 != 0,
                                    gradients,
                                    ..Case::new(loss, &shape)
                                };
                                if !lacks(&case) {
                                    cases.push(case);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    let sharded = |case: &Case| match loss.leaf() {
        Leaf::Softmax(_) | Leaf::Linear(_) => true,
        Leaf::ClassSum(leaf) => leaf.classes_stand_alone(),
        Leaf::Similarity(_) => shards_keys(case),
        leaf => matches!(leaf, Leaf::Region(_)) && leaf.fused_loss().is_none(),
    };
    let shards = cases.iter().filter(|case| sharded(case) && case.gradients != Gradients::Add);
    let shards = shards.enumerate().map(|(k, case)| {
        // by turns, since kernels for both would be too many
        Case { shard: if k % 4 == 0 { Shard::Statistics } else { Shard::Among }, ..case.clone() }
    });
    let shards: Vec<Case> = shards.filter(|case| !lacks(case)).collect();
    let [some, others, all] = observations(loss);
    let of_softmax = Observed::of(loss) == Some(Observed::Softmax);
    let observes = |case: &&Case| !(all.is_empty() || of_softmax && case.target.is_float());
    let observed = cases.iter().filter(observes).step_by(11).zip([some, others, all].into_iter().cycle());
    // a shard has no top-k
    let of_shards = shards.iter().filter(|case| of_softmax && observes(case)).step_by(13);
    let observed = observed.chain(of_shards.zip([some, others].into_iter().cycle()));
    let observed: Vec<Case> =
        observed.map(|(case, observed)| Case { observations: observed, ..case.clone() }).collect();
    let stored = cases.iter().filter(|case| reads_first(loss.leaf()) && case.gradients == Gradients::Store).step_by(3);
    let in_place: Vec<Case> = stored.map(|case| Case { gradients: Gradients::InPlace, ..case.clone() }).collect();
    // items that no binding holds: positions in quads, one by one, and shared by lanes
    let read_in_ranges =
        matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_));
    let shapes = [
        (vec![2, 20, 8192], 17 << 14),
        (vec![2, 20, 8193], 17 << 14),
        (vec![2, 600, 500], 1 << 20),
        // a single item
        (vec![1, 20, 8193], 17 << 14),
    ];
    // a mask and targets of integers, which have files of their own
    let takes_integers = |case: &&Case| {
        let given = |spec: &OperandSpec| !spec.optional || case.optional.contains(&spec.name);
        header.operands.iter().any(|spec| given(spec) && (spec.integers || spec.role == Role::Mask))
    };
    let of_integers = cases.iter().filter(takes_integers).step_by(13).zip(LABELS.iter().cycle());
    let of_integers: Vec<Case> =
        of_integers.map(|(case, dtype)| Case { integers: Some(*dtype), ..case.clone() }).collect();
    let reshaped = cases.iter().filter(|case| takes_other_shapes(case)).step_by(7);
    let reshaped: Vec<Case> = reshaped.map(|case| Case { other_shapes: true, ..case.clone() }).collect();
    let checked = cases.iter().step_by(29).chain(&reshaped);
    let checked: Vec<Case> = checked.map(|case| Case { checked: true, ..case.clone() }).collect();
    let fuses = matches!(loss.leaf(), Leaf::Region(leaf) if leaf.fused_loss().is_some());
    let cut = read_in_ranges && (fuses || !follows_another(loss));
    let pixels = cases.iter().filter(|case| cut && case.shape == [2, 3, 4]).step_by(17);
    let in_ranges = pixels.zip(shapes.iter().cycle());
    let in_ranges =
        in_ranges.map(|(case, (shape, limit))| Case { shape: shape.clone(), binding_limit: *limit, ..case.clone() });
    let in_ranges: Vec<Case> = in_ranges
        .enumerate()
        .map(|(turn, case)| Case { observations: if turn % 3 == 0 && observes(&&case) { all } else { &[] }, ..case })
        .collect();
    [cases, shards, observed, in_place, of_integers, reshaped, checked, in_ranges].concat()
}

/// Whether a weight may be broadcast, or the mask of a region may have a number for each element.
fn takes_other_shapes(case: &Case) -> bool {
    let loss = case.loss();
    let given = |role| loss.header().of_role(role).is_some_and(|spec| case.optional.contains(&spec.name));
    match loss.leaf() {
        Leaf::Pointwise(_) if loss.header().of_role(Role::Index).is_some() => false,
        Leaf::Pointwise(_) => given(Role::Weight) || given(Role::Column) || given(Role::SampleWeight),
        Leaf::Region(leaf) => {
            // with a fused softmax, or a softmax as the activation, a mask has a number for each position
            let apart = loss.leaf().scores_elements_apart() && leaf.settings().activation != Activation::Softmax;
            given(Role::Mask) && case.target.is_float() && apart
        }
        _ => false,
    }
}

/// Whether the keys of a case can be sharded: its loss is not symmetric, and its rows have no labels.
fn shards_keys(case: &Case) -> bool {
    let loss = case.loss();
    let symmetric = matches!(loss.leaf(), Leaf::Similarity(leaf) if leaf.settings().symmetric);
    // with labels, a shard would need the labels of the keys of all shards, which are more than its own rows
    let labelled =
        loss.header().of_role(Role::RowLabels).is_some_and(|spec| case.optional.contains(&spec.name) || !spec.optional);
    !symmetric && !labelled
}

/// Whether an earlier loss is walked in the same way, so that the two differ only in their leaves.
pub(super) fn follows_another(loss: &dyn Loss) -> bool {
    let others = crate::losses::walked();
    let mut earlier = others.iter().take_while(|other| other.header().id != loss.header().id);
    earlier.any(|other| other.walks_as(loss))
}

/// Whether a case lacks an operand that its options need, or has options that do not go together.
fn lacks(case: &Case) -> bool {
    match case.loss().leaf() {
        Leaf::Pointwise(leaf) => {
            leaf.conflict().is_some() || leaf.needs().iter().any(|(operand, _)| !case.optional.contains(operand))
        }
        Leaf::Region(leaf) => leaf.conflict().is_some() || (leaf.needs_labels().is_some() && case.target.is_float()),
        Leaf::Softmax(leaf) | Leaf::Linear(leaf) => {
            leaf.spares_masked() && (case.target.is_float() || case.shard != Shard::Whole)
        }
        _ => false,
    }
}
