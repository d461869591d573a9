//! Labels and timesteps on the GPU that are out of range: every read reports them, kernels ignore them, and never use them
//! as an index.

use crate::case::{Case, Door, Inputs, Wanted};
use crate::chosen::{losses, of_each_family};
use crate::draw::{FREE, has, label_range, labels_of};
use crate::harness::{tests, tests_of};
use crate::judge::{Failures, close, same};
use crate::pages::{Pages, bytes_of};
use crate::samples::samples;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::custom::Leaf;
use wgloss::header::{Role, Value};
use wgloss::{Array, DType, Error, Gradient, Loss, Outputs, Reduction, Tensor, cpu};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        a_sum_of_terms_names_the_first_part_whose_label_is_bad,
        a_label_beyond_32_bits_is_left_to_the_loss,
        labels_of_rows_are_any_64_bits,
    ];
    let with_labels = || of_each_family(losses(10, |loss| labelled(loss).is_some()));
    tests.extend(tests_of![
        with_labels();
        a_bad_label_on_the_gpu_is_reported_and_taken_for_ignored,
        every_label_bad_is_a_loss_over_nothing,
        labels_on_the_host_are_refused_before_anything_is_made
    ]);
    tests.extend(tests_of![losses(1, |loss| has(loss, Role::Table)); an_empty_table_has_no_index]);
    tests
}

/// The operand that holds labels or indices.
fn labelled(loss: &dyn Loss) -> Option<&'static str> {
    let integers = |role| matches!(role, Role::Target | Role::Labels | Role::Index);
    loss.header().operands.iter().find(|spec| integers(spec.role)).map(|spec| spec.name)
}

/// Labels of a dtype that are out of range: just beyond, far beyond, negative, and in range in their low bits only.
fn bad(dtype: DType, count: usize) -> Vec<i64> {
    let count = count as i64;
    match dtype {
        DType::U32 => vec![count, 1 << 31, u32::MAX.into(), 0xffff_ff9c],
        DType::U8 => [count, 255].into_iter().filter(|&v| v < 256 && v >= count).collect(),
        DType::I64 => vec![count, 1 << 32, (1 << 32) + 1, i64::MIN, i64::MAX, -1, 0xffff_ff9c, -(1 << 32)],
        _ => vec![count, i32::MAX.into(), -1, i32::MIN.into()],
    }
}

/// A case with an ignored label where the loss has that option, so that the twin can compute the result without the bad
/// labels.
fn case(loss: &dyn Loss, shape: &[usize], target: DType) -> Case {
    let case = Case::new(loss.header().id, shape, target).with_all();
    let case = Case { optional: case.optional.into_iter().filter(|name| *name != "mask").collect(), ..case };
    let ignores = loss.specs().iter().any(|spec| spec.name == "ignore_index");
    match loss.leaf() {
        Leaf::Region(_) if !ignores => case.option("activation", Value::Name("none".into())),
        Leaf::Region(leaf) if leaf.settings().ignore_index.is_none() => {
            case.option("ignore_index", Value::Number(77.0))
        }
        _ => case,
    }
}

/// The twin's loss and gradients with the bad labels ignored.
fn twin(case: &Case, inputs: &Inputs<Array>, name: &str, bad: &[usize]) -> (Vec<f64>, Vec<Array>) {
    let loss = case.loss();
    let ignored = label_range(&*loss, 0).1.map(i64::from);
    if ignored.is_none() && matches!(loss.leaf(), Leaf::Region(_)) {
        return twin_of_sums(case, inputs, name, bad);
    }
    let mut inputs = inputs.on(&mut |array| Ok::<_, ()>(array.clone())).unwrap();
    let labels = inputs.operand(name);
    let mut numbers: Vec<i64> = labels.to_f64().into_iter().map(|v| v as i64).collect();
    bad.iter().for_each(|&place| numbers[place] = ignored.unwrap_or(0));
    *labels = labels_of(&numbers, DType::I64, labels.shape());
    let weighed = case.optional.contains(&"sample_weight") && ignored.is_none();
    if weighed {
        // the value of a bad label is left out of the mean, like a value with the sample weight 0
        let samples = inputs.operand("sample_weight");
        let mut numbers = samples.to_f64();
        bad.iter().for_each(|&place| numbers[place] = 0.0);
        *samples = Array::new(&numbers, samples.shape()).unwrap();
    }
    let (outcome, gradients) = cpu::gradient_list(&case.term(&inputs), &case.differentiated(&inputs)).unwrap();
    if ignored.is_some() || weighed {
        return (outcome.tensor().to_f64(), gradients);
    }
    // the twin cannot ignore a label of this loss: its value is left out here, and the mean still counts it
    let unreduced = cpu::value(&Case { reduction: Reduction::None, ..case.clone() }.term(&inputs)).unwrap();
    let values = unreduced.tensor().to_f64();
    let kept = values.iter().enumerate().filter(|(place, _)| !bad.contains(place)).map(|(_, value)| value);
    let rest = kept.sum::<f64>() / values.len() as f64;
    // the elements of an item lie together; the classes of a position lie `places` apart
    let places = if has(&*loss, Role::Index) { 1 } else { values.len() / case.setting.shape[0] };
    let zeroed = |gradient: &Array| {
        let each = gradient.len() / values.len();
        let element = |place: usize, k: usize| (place / places * each + k) * places + place % places;
        let mut d = gradient.to_f64();
        bad.iter().for_each(|&place| (0..each).for_each(|k| d[element(place, k)] = 0.0));
        Array::new(&d, gradient.shape()).unwrap()
    };
    (vec![rest], gradients.iter().map(zeroed).collect())
}

/// The same where no label can be ignored. Targets are given as probabilities: a position whose prediction and target are
/// all zeros adds nothing to any sum.
fn twin_of_sums(case: &Case, inputs: &Inputs<Array>, name: &str, bad: &[usize]) -> (Vec<f64>, Vec<Array>) {
    let (c, s) = (case.setting.classes(), case.setting.positions()[1..].iter().product::<usize>());
    let mut inputs = inputs.on(&mut |array| Ok::<_, ()>(array.clone())).unwrap();
    let labels = inputs.operand(name).to_f64();
    let mut p = inputs.operands[0].1.to_f64();
    let shape = inputs.operands[0].1.shape().to_vec();
    let mut t = vec![0.0; p.len()];
    let places = |position: usize| (0..c).map(move |k| (position / s * c + k) * s + position % s);
    for (position, &label) in labels.iter().enumerate().filter(|(position, _)| !bad.contains(position)) {
        t[places(position).nth(label as usize).unwrap()] = 1.0;
    }
    bad.iter().flat_map(|&position| places(position)).for_each(|place| p[place] = 0.0);
    *inputs.operand(name) = Array::new(&t, shape.clone()).unwrap();
    inputs.operands[0].1 = Array::new(&p, shape.clone()).unwrap();
    let (outcome, gradients) = cpu::gradient_list(&case.term(&inputs), &case.differentiated(&inputs)).unwrap();
    let zeroed = |gradient: &Array| {
        let mut d = gradient.to_f64();
        bad.iter().flat_map(|&position| places(position)).for_each(|place| d[place] = 0.0);
        Array::new(&d, shape.clone()).unwrap()
    };
    (outcome.tensor().to_f64(), gradients.iter().map(zeroed).collect())
}

/// Runs a case with bad labels in a call and in a job, and checks the result of each read.
fn judge(case: &Case, bad: &[(usize, i64)]) -> Result<(), String> {
    let (loss, mut inputs) = (case.loss(), case.inputs());
    let name = labelled(&*loss).unwrap();
    let good = inputs.operand(name).clone();
    let mut numbers: Vec<i64> = good.to_f64().into_iter().map(|v| v as i64).collect();
    bad.iter().for_each(|&(place, value)| numbers[place] = value);
    *inputs.operand(name) = labels_of(&numbers, case.setting.target, good.shape());
    let &(position, value) = bad.iter().min().unwrap();
    let (count, ignored) = label_range(&*loss, case.setting.classes());
    let want = Error::LabelOutOfRange {
        loss: case.id,
        operand: name.into(),
        position: position as u64,
        value,
        count: count as u64,
        ignored,
    };
    let told = |what: &str, read: Result<(), Error>| match read {
        Err(error) if error == want => Ok(()),
        other => Err(format!("the read of {what} gave {other:?}, expected {want:?}")),
    };

    let mut pages = Pages::new(gpu(), Door::Wrapped, 3);
    let places = inputs.on(&mut |array| Ok::<usize, String>(pages.reserve(array)))?;
    pages.fill()?;
    let tensors = places.on(&mut |place| Ok::<Tensor, String>(pages.tensor(*place)))?;
    let error = |e: Error| e.to_string();
    let (outcome, gradients) =
        gpu().gradient_list(&case.term(&tensors), &case.differentiated(&tensors)).map_err(error)?;
    told("the loss", outcome.loss().wait().map(drop))?;
    told("the tensor", outcome.tensor().read().wait().map(drop))?;
    told("the parts", outcome.parts().wait().map(drop))?;
    for gradient in &gradients {
        told("a gradient", gradient.read().wait().map(drop))?;
    }

    let into = case.differentiated(&tensors).iter().map(|of| gpu().empty(of.shape())).collect::<Result<Vec<_>, _>>();
    let into = into.map_err(error)?;
    let log = gpu().empty([1]).map_err(error)?;
    let store = case.differentiated(&tensors).into_iter().zip(&into).map(|(of, into)| Gradient::store(of, into));
    let outputs = Outputs { loss: Some(log.clone()), gradients: store.collect(), ..Outputs::default() };
    let job = gpu().prepare(&case.term(&tensors), &outputs).map_err(error)?;
    job.run().map_err(error)?;
    told("the check", job.check().wait())?;
    for gradient in job.outcome().gradients() {
        told("a job's gradient", gradient.read().wait().map(drop))?;
    }
    // the caller's own tensors hold the results without the bad labels
    let (loss, gradients) = twin(case, &inputs, name, &bad.iter().map(|(place, _)| *place).collect::<Vec<_>>());
    close(&log.read().wait().map_err(error)?.to_f64(), &loss).map_err(|e| format!("loss: {e}"))?;
    for (into, want) in into.iter().zip(&gradients) {
        same(&into.read().wait().map_err(error)?, want).map_err(|e| format!("gradient: {e}"))?;
    }
    // with good labels, the job's next run succeeds
    let (buffer, offset) = tensors.operands.iter().find(|(known, _)| *known == name).unwrap().1.buffer();
    let (start, mut bytes) = (offset / 4 * 4, vec![0; (offset % 4) as usize]);
    bytes.extend(bytes_of(&good));
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    gpu().queue().write_buffer(buffer, start, &bytes);
    job.run().map_err(error)?;
    job.check().wait().map_err(|e| format!("after good labels: {e}"))
}

fn a_bad_label_on_the_gpu_is_reported_and_taken_for_ignored(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let name = labelled(loss).unwrap();
    for shape in samples(loss).labelled {
        for target in [DType::I32, DType::U32, DType::U8, DType::I64] {
            let case = case(loss, shape, target);
            let positions = case.inputs().operand(name).len();
            let values = bad(target, label_range(loss, case.setting.classes()).0);
            for (at, &value) in values.iter().enumerate() {
                let other = |is: &dyn Fn(i64) -> bool| values.iter().copied().find(|&v| is(v)).unwrap_or(values[0]);
                // first a single label at either end; then three, of which the one with the lowest position has neither the
                // least nor the greatest value, where there are such values
                let places = match at {
                    0 => vec![(positions - 1, value)],
                    1 => vec![(0, value)],
                    _ => {
                        let (less, greater) = (other(&|v| v < value), other(&|v| v > value));
                        vec![(positions - 1, less), (positions / 3, value), (positions / 2, greater)]
                    }
                };
                failures.note(&(&case, &places), judge(&case, &places));
            }
        }
    }
    failures.raise();
}

fn every_label_bad_is_a_loss_over_nothing(loss: &dyn Loss) {
    let case = case(loss, samples(loss).labelled[0], DType::I32);
    let places = (0..case.inputs().operand(labelled(loss).unwrap()).len()).map(|place| (place, -1 - place as i64));
    let mut failures = Failures::default();
    failures.note(&case, judge(&case, &places.collect::<Vec<_>>()));
    failures.raise();
}

fn a_sum_of_terms_names_the_first_part_whose_label_is_bad() {
    let x = gpu().upload(&[0.0f32; 12], [4, 3]).unwrap();
    let good = gpu().upload(&[0i32, 1, 2, 0], [4]).unwrap();
    let bad = |labels: [i32; 4]| gpu().upload(&labels, [4]).unwrap();
    let term = wgloss::SoftmaxFocal::default().of(&x, &good)
        + wgloss::CrossEntropy::default().of(&x, &bad([0, 1, 9, -7]))
        + wgloss::Dice::default().of(&x, &bad([3, 1, 1, 1]));
    let outcome = gpu().value(&term).unwrap();
    let want = Error::LabelOutOfRange {
        loss: "cross_entropy",
        operand: "target".into(),
        position: 2,
        value: 9,
        count: 3,
        ignored: Some(-100),
    };
    assert_eq!(outcome.loss().wait(), Err(want.clone()));
    assert_eq!(outcome.parts().wait(), Err(want));
}

fn labels_on_the_host_are_refused_before_anything_is_made(loss: &dyn Loss) {
    // a GPU of its own, on which nothing else allocates
    let gpu = fresh_gpu();
    let name = labelled(loss).unwrap();
    let case = Case { door: Door::Host, wanted: Wanted::Nothing, ..case(loss, samples(loss).labelled[0], DType::I64) };
    let mut inputs = case.inputs();
    let labels = inputs.operand(name);
    let mut numbers: Vec<i64> = labels.to_f64().into_iter().map(|v| v as i64).collect();
    (numbers[5], numbers[9]) = (1 << 40, -3);
    *labels = labels_of(&numbers, DType::I64, labels.shape());
    let (count, ignored) = label_range(&*case.loss(), case.setting.classes());
    let (operand, count) = (name.into(), count as u64);
    let want = Error::LabelOutOfRange { loss: case.id, operand, position: 5, value: 1 << 40, count, ignored };
    assert_eq!(gpu.value(&case.term(&inputs)).map(drop), Err(want));
    assert_eq!((gpu.memory(), gpu.pipelines()), (0, 0), "{} made something", case.id);
}

/// The upload accepts the label. The loss refuses it, and the error names the loss and the operand.
fn a_label_beyond_32_bits_is_left_to_the_loss() {
    let labels = gpu().upload(&[0i64, i64::MIN], [2]).unwrap();
    assert_eq!(labels.dtype(), DType::I64);
    let x = gpu().upload(&[0.0f32; 6], [2, 3]).unwrap();
    let error = gpu().value(&wgloss::CrossEntropy::default().of(&x, &labels)).unwrap().loss().wait().unwrap_err();
    let said =
        "cross_entropy: `target` holds -9223372036854775808 at position 1, expected 0..3 or the ignore_index -100";
    assert_eq!(error.to_string(), said);
}

/// The labels of rows may have any value, on the host and on the GPU.
fn labels_of_rows_are_any_64_bits() {
    let numbers: Vec<f32> = (0..12).map(|k| (k as f32).sin()).collect();
    let features = Array::new(&numbers, [4, 3]).unwrap();
    // labels that differ in their high halves only
    let labels = Array::new(&[1i64, (1 << 32) + 1, 1, (1 << 32) + 1], [4]).unwrap();
    let term = wgloss::SupCon::default().of(&features, &labels);
    let want = cpu::value(&term).unwrap().loss().unwrap();
    let host = gpu().value(&term).unwrap().loss().wait().unwrap();
    let (features, labels) = (gpu().upload_array(&features).unwrap(), gpu().upload_array(&labels).unwrap());
    let there = gpu().value(&wgloss::SupCon::default().of(&features, &labels)).unwrap().loss().wait().unwrap();
    for got in [host, there] {
        assert!((f64::from(got) - want).abs() < 1e-5 * want, "{got}, not {want}");
    }
}

fn an_empty_table_has_no_index(loss: &dyn Loss) {
    let case = Case::new(loss.header().id, &[3, 2], DType::I32);
    let mut inputs = case.inputs();
    let table = loss.header().operands.iter().find(|spec| spec.role == Role::Table).unwrap().name;
    assert_eq!(inputs.operand(table).shape(), [FREE]);
    *inputs.operand(table) = Array::new(&[0.0f32; 0], [0]).unwrap();
    let tensors = inputs.on(&mut |array| gpu().upload_array(array)).unwrap();
    let error = gpu().value(&case.term(&tensors)).unwrap().loss().wait().unwrap_err();
    assert!(matches!(error, Error::LabelOutOfRange { position: 0, count: 0, .. }), "{error}");
}
