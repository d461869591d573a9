//! NaN and infinities: the GPU gives them where the twin does, and hides them where they are left out.

use crate::case::{Case, Door, Inputs, ScaleGiven};
use crate::chosen::{all, losses, of_each_family, of_each_walk};
use crate::draw::{Rng, has, label_range, labels_of, rows_of_pair};
use crate::gpu;
use crate::harness::tests_of;
use crate::judge::{self, Failures};
use crate::samples::samples;
use libtest_mimic::Trial;
use wgloss::custom::{FusedLoss, Leaf};
use wgloss::header::{Domain, Kind, OperandSpec, OptionSpec, Role, Value};
use wgloss::{Activation, Array, DType, Loss, Operand, PartOutcome, Reduction, cpu};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests_of![
        of_each_walk(all());
        an_empty_loss_has_a_sum_of_0_and_a_mean_of_nan,
        predictions_far_out_stay_finite_and_right
    ];
    tests.extend(tests_of![of_each_family(all()); a_special_number_in_any_operand_shows_as_it_does_in_the_twin]);
    let elements = losses(24, |loss| matches!(loss.leaf(), Leaf::Pointwise(_)));
    tests.extend(tests_of![of_each_walk(elements); one_infinity_in_all_operands_shows_as_it_does_in_the_twin]);
    let leaves_out = losses(37, |loss| has(loss, Role::Mask) || has_option(loss, "ignore_index"));
    tests.extend(tests_of![of_each_walk(leaves_out); what_takes_no_part_shows_nothing_of_what_it_holds]);
    let background =
        losses(3, |loss| has_option(loss, "include_background") && leaves_it_out(&*foreground(loss).loss()));
    tests.extend(tests_of![background; a_background_that_takes_no_part_shows_nothing_of_what_it_holds]);
    let over_nothing = losses(35, |loss| !over_nothing(loss).is_empty());
    tests.extend(tests_of![of_each_family(over_nothing); a_mean_over_nothing_is_nan_and_its_gradient_zero]);
    let classes = losses(6, |loss| has(loss, Role::Classes) && !matches!(loss.leaf(), Leaf::Region(_)));
    tests.extend(tests_of![classes; classes_of_minus_infinity_are_masked_exactly]);
    tests
}

const SPECIALS: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

fn has_option(loss: &dyn Loss, name: &str) -> bool {
    loss.specs().iter().any(|spec| spec.name == name)
}

fn targets(loss: &dyn Loss) -> &'static [DType] {
    if has(loss, Role::Target) { &[DType::I32, DType::F32] } else { &[DType::I32] }
}

/// The calls that special numbers are put into: with a mean and unreduced, and at the first shape with other options.
fn cases(loss: &dyn Loss) -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, shape) in samples(loss).walks.iter().enumerate() {
        for &target in targets(loss) {
            let plain = Case::new(loss.header().id, shape, target).with_all();
            cases.push(Case { reduction: Reduction::None, upstream: ScaleGiven::Tensor, ..plain.clone() });
            if place == 0 {
                cases.extend(plain.under_other_options());
            }
            if has(loss, Role::Table) {
                // what an item looks up in the table depends on several options together
                cases.extend(plain.under_other_options().iter().flat_map(Case::under_other_options));
            }
            cases.push(plain);
        }
    }
    cases.retain(Case::is_valid);
    cases
}

/// Calls over a single row, which sup_con compares with no other, and over no rows.
fn lone_rows(loss: &dyn Loss) -> Vec<Case> {
    samples(loss)
        .lone_rows
        .iter()
        .map(|shape| Case { reduction: Reduction::Sum, ..Case::new(loss.header().id, shape, DType::I32) })
        .collect()
}

/// Runs a case, and checks the results of the GPU against the twin's.
fn run(
    case: &Case,
    inputs: &Inputs<Array>,
    check: impl FnOnce(&judge::Given, &judge::Given) -> Result<(), String>,
) -> Result<(), String> {
    let (got, want) = case.both(gpu(), inputs)?.ok_or("refused")?;
    check(&got, &want)
}

/// Compares the results. The loss is expected to be finite.
fn finite(got: &judge::Given, want: &judge::Given) -> Result<(), String> {
    match want.tensor.to_f64().iter().find(|x| !x.is_finite()) {
        Some(x) => Err(format!("the twin's loss is {x}")),
        None => got.judge(want),
    }
}

/// The array with one element replaced.
fn with(array: &Array, place: usize, value: f32) -> Array {
    let mut numbers = array.to_f32();
    numbers[place] = value;
    Array::new(&numbers, array.shape()).unwrap().with_class_axis(array.class_axis())
}

fn floats(inputs: &Inputs<Array>) -> Vec<&'static str> {
    inputs.operands.iter().filter(|(_, array)| array.dtype().is_float()).map(|(name, _)| *name).collect()
}

/// The same results with NaN for everything that is not finite.
fn blurred(given: &judge::Given) -> judge::Given {
    let blur = |x: f64| if x.is_finite() { x } else { f64::NAN };
    let array =
        |array: &Array| Array::new(&array.to_f64().into_iter().map(blur).collect::<Vec<_>>(), array.shape()).unwrap();
    let observed = |seen: &Array| if seen.dtype().is_float() { array(seen) } else { seen.clone() };
    let part =
        |part: &PartOutcome| PartOutcome { sum: blur(part.sum), denominator: blur(part.denominator), ..part.clone() };
    judge::Given {
        loss: given.loss.map(blur),
        tensor: array(&given.tensor),
        parts: given.parts.iter().map(part).collect(),
        gradients: given.gradients.iter().map(array).collect(),
        observed: given.observed.iter().map(observed).collect(),
    }
}

fn a_special_number_in_any_operand_shows_as_it_does_in_the_twin(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for case in cases(loss).into_iter().chain(lone_rows(loss)) {
        for name in floats(&case.inputs()).into_iter().filter(|name| !case.inputs().operand(name).is_empty()) {
            for special in SPECIALS {
                let mut inputs = case.inputs();
                let array = inputs.operand(name);
                let place = array.len() / 2;
                *array = with(array, place, special);
                let role = loss.header().operand(name).unwrap().role;
                // which results of an infinite factor are NaN and which are infinite depends on the order of products, so
                // NaN and infinities count as equal; an infinite log-ratio may be a factor of all rows of its pair
                let is_factor = matches!(role, Role::Weight | Role::SampleWeight | Role::PerClass)
                    || matches!(loss.leaf(), Leaf::Segments(_));
                let factor = special.is_infinite() && is_factor;
                let result = run(&case, &inputs, |got, want| match factor {
                    true => blurred(got).judge(&blurred(want)),
                    false => got.judge(want),
                });
                failures.note(&(&case, name, place, special), result);
            }
        }
    }
    failures.raise();
}

/// The difference of two equal infinities is undefined: a compiler may fold it to 0.
fn one_infinity_in_all_operands_shows_as_it_does_in_the_twin(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let case = Case { reduction: Reduction::Sum, ..Case::new(loss.header().id, &[3, 5], DType::F32) };
    for special in [f32::INFINITY, f32::NEG_INFINITY] {
        let mut inputs = case.inputs();
        for spec in case.given().filter(|spec| spec.role == Role::Element) {
            let array = inputs.operand(spec.name);
            *array = with(array, 7, special);
        }
        failures.note(&(&case, special), run(&case, &inputs, |got, want| got.judge(want)));
    }
    failures.raise();
}

/// Leaves out one value by its mask or its label, or one row of a segment by its label. Returns the index of the value, and
/// the elements of the first operand that are left out with it.
fn leave_one_out(case: &Case, inputs: &mut Inputs<Array>, ignore: bool) -> Option<(Option<usize>, Vec<usize>)> {
    let loss = case.loss();
    let find = |role| loss.header().operands.iter().find(|spec| spec.role == role).map(|spec| spec.name);
    let classes = has(&*loss, Role::Classes);
    let values = if classes { case.setting.positions() } else { case.setting.values(&*loss) };
    let out = Rng::new(5).below(values.iter().product());
    if ignore {
        let name = find(Role::Target).or(find(Role::Labels))?;
        let (_, ignored) = label_range(&*loss, case.setting.classes());
        let labels = inputs.operand(name);
        let mut numbers: Vec<i64> = labels.to_f64().into_iter().map(|label| label as i64).collect();
        numbers[out] = ignored?.into();
        *labels = labels_of(&numbers, labels.dtype(), labels.shape());
    } else {
        let mask = inputs.operand(find(Role::Mask)?);
        *mask = with(mask, out, 0.0);
    }
    let of_segments = matches!(loss.leaf(), Leaf::Segments(_));
    if of_segments && !ignore {
        return Some((Some(out), rows_of_pair(&*loss, &inputs.operands, out)));
    }
    if !classes {
        let whole = if of_segments { case.setting.shape[0] } else { values.iter().product() };
        let width = case.setting.shape.iter().product::<usize>() / whole;
        return Some(((!of_segments).then_some(out), (out * width..(out + 1) * width).collect()));
    }
    // a position is left out with all its classes
    let (c, places) = (case.setting.classes(), values[1..].iter().product::<usize>());
    Some((Some(out), (0..c).map(|k| (out / places * c + k) * places + out % places).collect()))
}

fn what_takes_no_part_shows_nothing_of_what_it_holds(loss: &dyn Loss) {
    let (mut failures, mut tried) = (Failures::default(), 0);
    for (case, ignore) in cases(loss).into_iter().flat_map(|case| [(case.clone(), false), (case, true)]) {
        let dense = case.setting.target.is_float();
        if (ignore && dense) || (!ignore && !has(loss, Role::Mask)) {
            continue;
        }
        for special in SPECIALS {
            let mut inputs = case.inputs();
            let Some((out, places)) = leave_one_out(&case, &mut inputs, ignore) else { continue };
            // a region without positions may have a ratio with a denominator of 0
            let clean = cpu::value(&case.term(&inputs)).map(|outcome| outcome.tensor().to_f64());
            if clean.is_ok_and(|losses| losses.iter().any(|loss| !loss.is_finite())) {
                continue;
            }
            if let Some(out) = out.filter(|_| has(loss, Role::SampleWeight)) {
                let weights = inputs.operand("sample_weight");
                *weights = with(weights, out, special);
            }
            let elements = loss.header().operands.iter().filter(|spec| match spec.role {
                Role::Element | Role::Classes | Role::Dense | Role::Rows => true,
                role => role == Role::Target && dense,
            });
            for name in elements.map(|spec| spec.name) {
                let array = inputs.operand(name);
                *array = places.iter().fold(array.clone(), |array, &place| with(&array, place, special));
            }
            failures.note(&(&case, special, ignore), run(&case, &inputs, finite));
            tried += 1;
        }
    }
    assert!(tried > 0, "no call could leave anything out");
    failures.raise();
}

/// A call without the background.
fn foreground(loss: &dyn Loss) -> Case {
    Case::new(loss.header().id, &[2, 3, 5], DType::F32).option("include_background", Value::Flag(false))
}

/// Whether a loss of [`foreground`] reads nothing of the background. A fused loss may score it, and a fused softmax runs over it.
fn leaves_it_out(loss: &dyn Loss) -> bool {
    let apart = |fused: FusedLoss| !fused.include_background && matches!(fused.loss.leaf(), Leaf::Pointwise(_));
    matches!(loss.leaf(), Leaf::Region(leaf) if leaf.fused_loss().is_none_or(apart))
}

fn a_background_that_takes_no_part_shows_nothing_of_what_it_holds(loss: &dyn Loss) {
    let (mut failures, mut tried) = (Failures::default(), 0);
    let named = |names: &'static [&str]| names.iter().map(|name| Value::Name((*name).into()));
    let is_free = |spec: &OptionSpec| spec.kind == Kind::Flag && spec.name != "include_background";
    let flags: Vec<&str> = loss.specs().iter().filter(|spec| is_free(spec)).map(|spec| spec.name).collect();
    for activation in named(&["none", "sigmoid"]) {
        for flag in &flags {
            let case = foreground(loss).option("activation", activation.clone()).option(flag, Value::Flag(true));
            if !leaves_it_out(&*case.loss()) {
                continue;
            }
            for special in SPECIALS {
                let mut inputs = case.inputs();
                let x = inputs.operand("input");
                *x = with(x, 2, special);
                tried += 1;
                failures.note(&(&case, special), run(&case, &inputs, finite));
            }
        }
    }
    assert!(tried > 0);
    failures.raise();
}

/// The operands that can leave out everything, and the number that they then hold: 0, or the ignored label.
fn over_nothing(loss: &dyn Loss) -> Vec<(&'static OperandSpec, i32)> {
    let ignored = label_range(loss, 3).1;
    let held = |spec: &OperandSpec| match spec.role {
        // a region without positions still has a value
        Role::Mask if matches!(loss.leaf(), Leaf::Region(leaf) if leaf.fused_loss().is_none()) => None,
        Role::Mask => Some(0),
        // segments without rows still have values
        Role::Labels if matches!(loss.leaf(), Leaf::Segments(_)) => None,
        Role::Target | Role::Labels => ignored,
        _ => None,
    };
    loss.header().operands.iter().filter_map(|spec| Some((spec, held(spec)?))).collect()
}

fn a_mean_over_nothing_is_nan_and_its_gradient_zero(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let header = loss.header();
    for (spec, held) in over_nothing(loss) {
        let plain = Case::new(header.id, samples(loss).walks[0], DType::I32).with_all();
        let case = Case { door: Door::OneBuffer, ..plain };
        let mut inputs = case.inputs();
        let array = inputs.operand(spec.name);
        *array = match spec.role {
            Role::Mask => Array::new(&vec![0.0f32; array.len()], array.shape()).unwrap(),
            _ => labels_of(&vec![held.into(); array.len()], DType::I32, array.shape()),
        };
        let result = run(&case, &inputs, |got, want| {
            got.judge(want)?;
            let zero = got.gradients.iter().all(|gradient| gradient.to_f64().iter().all(|&d| d == 0.0));
            let nan = got.loss.is_some_and(f64::is_nan);
            if nan && zero { Ok(()) } else { Err(format!("NaN is {nan}, a gradient of zero {zero}")) }
        });
        failures.note(&(header.id, spec.role), result);
    }
    failures.raise();
}

fn an_empty_loss_has_a_sum_of_0_and_a_mean_of_nan(loss: &dyn Loss) {
    let case = Case::new(loss.header().id, samples(loss).empty_items, DType::I32);
    let given = |reduction| {
        let case = Case { reduction, ..case.clone() };
        case.both(gpu(), &case.inputs()).unwrap().unwrap().0
    };
    assert_eq!(given(Reduction::Sum).loss, Some(0.0), "{case:?}");
    assert!(given(Reduction::Mean).loss.unwrap().is_nan(), "{case:?}");
    if loss.header().reductions.contains(&Reduction::None) {
        assert!(given(Reduction::None).tensor.is_empty(), "{case:?}");
    }
    assert_eq!(given(Reduction::Sum).gradients[0].shape(), case.setting.shape);
}

/// Predictions where no two classes of a position are equal. Classes of equal size would have equal slopes, and the
/// gradient would be nothing but the rounding of their difference. One position of each item is kept, since empty sums are
/// divided by `smooth_dr` alone, which may be 0.
fn far_apart(case: &Case, inputs: &mut Inputs<Array>, rng: &mut Rng, far: &[f32]) {
    let (c, places) = (case.setting.classes(), case.setting.positions()[1..].iter().product::<usize>());
    let first: Vec<usize> = (0..case.setting.positions()[0] * places).map(|_| rng.below(far.len())).collect();
    let input = inputs.operand("input");
    let number = |at: usize| far[(first[at / places / c * places + at % places] + at / places % c) % far.len()];
    *input = Array::new(&(0..input.len()).map(number).collect::<Vec<f32>>(), input.shape()).unwrap();
    if case.optional.contains(&"mask") {
        let mask = inputs.operand("mask");
        let numbers = mask.to_f32().into_iter().enumerate();
        let kept: Vec<f32> = numbers.map(|(at, kept)| if at % places == 0 { 1.0 } else { kept }).collect();
        *mask = Array::new(&kept, mask.shape()).unwrap();
    }
}

fn predictions_far_out_stay_finite_and_right(loss: &dyn Loss) {
    const FAR: [f32; 10] = [-1e4, -200.0, -88.5, -30.0, -1e-8, 0.0, 1e-8, 30.0, 200.0, 1e4];
    let mut failures = Failures::default();
    for case in cases(loss) {
        let (mut inputs, mut rng, loss) = (case.inputs(), Rng::new(9), case.loss());
        // probabilities go from 0 to 1
        let far: &[f32] = match (loss.leaf(), loss.header().operands[0].domain) {
            (Leaf::Region(leaf), _) if leaf.settings().activation == Activation::None => &[0.0, 1.0],
            (_, Domain::Probability) => &[0.0, 1.0],
            // a picture far outside its range is so unlike its target that rounding leaves nothing of the difference
            (Leaf::Windows(_), _) => &[-1.0, 0.0, 1e-8, 1.0, 2.0],
            // where large products cancel in a logit, the slope of the cap magnifies the rounding of their sum
            (Leaf::Linear(leaf), _) if leaf.cap().is_some() => &[-1.0, -1e-8, 0.0, 1e-8, 1.0],
            (Leaf::Segments(leaf), _) if leaf.cap().is_some() => &[-1.0, -1e-8, 0.0, 1e-8, 1.0],
            // integers whose squared distances are exact in f32: rows at distances that only f64 distinguishes would not
            // share a gradient there
            (Leaf::Hardest(_), _) => &[-1e3, -200.0, -30.0, 0.0, 30.0, 200.0, 1e3],
            // operands of exp or log stay in a range where f32 holds the results
            (_, Domain::Log | Domain::Positive) => &[1e-8, 0.5, 1.0, 30.0],
            (_, Domain::LogProbability) => &[-1e-8, -0.5, -1.0, -30.0],
            _ => &FAR,
        };
        let array = inputs.operand(loss.header().operands[0].name);
        let numbers: Vec<f32> = (0..array.len()).map(|_| far[rng.below(far.len())]).collect();
        *array = Array::new(&numbers, array.shape()).unwrap();
        if case.id == "generalized_dice" {
            far_apart(&case, &mut inputs, &mut rng, far);
        }
        if case.id == "triplet_margin" {
            // beside an anchor so far out, the drawn positive and negative are so near 0 that their distances from it are
            // equal in f32, and the difference would have no digits; so the positive is moved far out too
            let numbers: Vec<f32> = numbers.iter().rev().map(|x| -x).collect();
            *inputs.operand("positive") = Array::new(&numbers, case.setting.shape.clone()).unwrap();
        }
        failures.note(&case, run(&case, &inputs, finite));
    }
    failures.raise();
}

fn classes_of_minus_infinity_are_masked_exactly(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for case in cases(loss) {
        let mut inputs = case.inputs();
        // every third class is masked at all positions, and at the first position all classes are: its row has no softmax
        let (c, places) = (case.setting.classes(), case.setting.positions()[1..].iter().product::<usize>());
        let masked = |at: usize| {
            let (item, k, place) = (at / places / c, at / places % c, at % places);
            k % 3 == 1 || (item, place) == (0, 0)
        };
        // where a loss has two softmaxes, both have masked classes
        let logits = |spec: &&OperandSpec| match spec.role {
            Role::Dense => spec.domain == Domain::Real,
            role => role == Role::Classes,
        };
        for spec in loss.header().operands.iter().filter(logits) {
            let array = inputs.operand(spec.name);
            let numbers = array.to_f32().into_iter().enumerate();
            let numbers: Vec<f32> = numbers.map(|(at, x)| if masked(at) { f32::NEG_INFINITY } else { x }).collect();
            *array = Array::new(&numbers, array.shape()).unwrap();
        }
        failures.note(&case, case.run_on(gpu(), &inputs));
    }
    failures.raise();
}
