//! Numbers of a job that change from run to run: slots of a log, options and coefficients, from the host or from tensors.

use crate::case::{Case, Wanted};
use crate::chosen::{all, of_each_family, of_each_walk};
use crate::draw::option_values;
use crate::harness::{tests, tests_of};
use crate::judge::Given;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::header::{Kind, Value};
use wgloss::wgpu::{CommandEncoderDescriptor, ComputePassDescriptor};
use wgloss::{
    Array, CrossEntropy, DType, DiceCrossEntropy, DiceFocal, Error, Extra, Gpu, Gradient, Huber, Job, Loss, Mse,
    Outputs, PartOutcome, PartSums, Reduction, SigmoidFocal, Tensor, Vae, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        one_job_logs_every_step,
        a_counter_logs_every_step_without_the_host,
        slots_that_do_not_exist_are_refused,
        a_set_acts_on_the_runs_recorded_after_it,
        a_number_out_of_range_in_a_tensor_is_reported,
        numbers_that_cannot_vary_are_refused,
        a_sum_of_losses_varies_as_a_whole,
        parts_are_added_up_on_the_gpu,
    ];
    tests.extend(tests_of![of_each_walk(all()); every_number_option_varies]);
    tests.extend(tests_of![of_each_family(all()); a_number_out_of_range_spoils_every_value]);
    tests
}

fn read(tensor: &Tensor) -> Vec<f32> {
    tensor.read().wait().unwrap().to_f32()
}

fn write(gpu: &Gpu, tensor: &Tensor, numbers: &[f32]) {
    tensor.write(numbers).unwrap();
    gpu.queue().submit([]);
}

/// Records runs into one pass, and submits the pass.
fn submit(gpu: &Gpu, record: impl FnOnce(&mut wgloss::wgpu::ComputePass<'_>)) {
    let mut encoder = gpu.device().create_command_encoder(&CommandEncoderDescriptor::default());
    record(&mut encoder.begin_compute_pass(&ComputePassDescriptor::default()));
    gpu.queue().submit([encoder.finish()]);
}

/// The loss `x²` of one number, which goes to a log of four.
fn square(gpu: &Gpu, outputs: Outputs) -> (Tensor, Tensor, Job) {
    let [x, t] = [2.0f32, 0.0].map(|number| gpu.upload(&[number], [1]).unwrap());
    let log = gpu.upload(&[-1.0f32; 4], [4]).unwrap();
    let outputs = Outputs { loss: Some(log.clone()), ..outputs };
    let job = gpu.prepare(&Mse::default().of(&x, &t), &outputs).unwrap();
    (x, log, job)
}

fn one_job_logs_every_step() {
    let gpu = fresh_gpu();
    let (x, log, job) = square(&gpu, Outputs { slot: 1, ..Outputs::default() });
    submit(&gpu, |pass| job.encode_at(pass, 3).unwrap());
    let (memory, pipelines) = (gpu.memory(), gpu.pipelines());
    write(&gpu, &x, &[3.0]);
    submit(&gpu, |pass| {
        job.encode_at(pass, 0).unwrap();
        job.encode(pass);
        job.encode_at(pass, 2).unwrap();
    });
    assert_eq!(read(&log), [9.0, 9.0, 9.0, 4.0], "a run without a slot goes to the job's own, which is 1");
    write(&gpu, &x, &[4.0]);
    job.run().unwrap();
    assert_eq!(read(&log), [9.0, 16.0, 9.0, 4.0]);
    assert_eq!(job.check().wait(), Ok(()));
    assert_eq!((gpu.memory(), gpu.pipelines()), (memory, pipelines), "later steps make nothing");
}

fn a_counter_logs_every_step_without_the_host() {
    let gpu = fresh_gpu();
    let counter = gpu.upload(&[1u32], []).unwrap();
    let (x, log, job) = square(&gpu, Outputs { counter: Some(counter.clone()), ..Outputs::default() });
    for number in [1.0f32, 2.0, 3.0, 4.0] {
        write(&gpu, &x, &[number]);
        job.run().unwrap();
    }
    assert_eq!(read(&log), [-1.0, 1.0, 4.0, 9.0], "the fourth run is beyond the end");
    assert_eq!(job.outcome().loss().wait(), Ok(16.0));
    assert_eq!(counter.read().wait().unwrap().to_f64(), [5.0]);
}

fn slots_that_do_not_exist_are_refused() {
    let gpu = gpu();
    let (x, log, job) = square(gpu, Outputs::default());
    let counter = gpu.upload(&[0u32], [1]).unwrap();
    let (.., counted) = square(gpu, Outputs { counter: Some(counter), ..Outputs::default() });
    let unreduced = gpu.prepare(&Mse::default().of(&x, &x).reduce(Reduction::None), &Outputs::default()).unwrap();
    submit(gpu, |pass| {
        let beyond = Error::ShapeMismatch {
            loss: "mse",
            operand: "loss".into(),
            expected: "more than 4 elements, for slot 4".into(),
            got: vec![4],
        };
        assert_eq!(job.encode_at(pass, 4), Err(beyond));
        assert!(matches!(counted.encode_at(pass, 0), Err(Error::InvalidOption { .. })));
        assert!(matches!(unreduced.encode_at(pass, 0), Err(Error::InvalidOption { .. })));
    });
    assert_eq!(read(&log), [-1.0; 4], "nothing is recorded");
    let floats = gpu.upload(&[0.0f32], [1]).unwrap();
    let two = gpu.upload(&[0u32, 0], [2]).unwrap();
    for (counter, said) in [(floats, "expected u32"), (two, "[] or [1]")] {
        let outputs = Outputs { counter: Some(counter), ..Outputs::default() };
        let error = gpu.prepare(&Mse::default().of(&x, &x), &outputs).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let outputs = Outputs { counter: Some(gpu.upload(&[0u32], [1]).unwrap()), ..Outputs::default() };
    let error = gpu.prepare(&Mse::default().of(&x, &x).reduce(Reduction::None), &outputs).unwrap_err();
    assert!(error.to_string().contains("`counter` has shape [1], expected none"), "{error}");
}

fn a_set_acts_on_the_runs_recorded_after_it() {
    let gpu = fresh_gpu();
    let [x, t, d] = [3.0f32, 0.0, 0.0].map(|number| gpu.upload(&[number], [1]).unwrap());
    let log = gpu.empty([4]).unwrap();
    let huber = (2.0 * Huber::default().of(&x, &t)).varying("delta").varying("coefficient");
    let outputs = Outputs { loss: Some(log.clone()), gradients: vec![Gradient::add(&x, &d)], ..Outputs::default() };
    let job = gpu.prepare(&huber, &outputs).unwrap();
    let pipelines = gpu.pipelines();
    // the loss is δ(|x| − δ/2), and its gradient δ
    submit(&gpu, |pass| {
        job.encode_at(pass, 0).unwrap(); // 2·1·2.5
        job.set("huber", "delta", 2.0).unwrap();
        job.encode_at(pass, 1).unwrap(); // 2·2·2
        job.set("huber", "coefficient", 10.0).unwrap();
        job.encode_at(pass, 2).unwrap(); // 10·2·2
        job.set("huber", "coefficient", 0.0).unwrap();
        job.encode_at(pass, 3).unwrap();
        job.set("huber", "coefficient", 1.0).unwrap();
    });
    assert_eq!(read(&log), [5.0, 8.0, 40.0, 0.0]);
    assert_eq!(read(&d), [2.0 + 4.0 + 20.0]);
    let parts = job.outcome().parts().wait().unwrap();
    assert_eq!((parts[0].sum, parts[0].weight), (4.0, 0.0), "the weight is the run's, not the last that was set");
    assert_eq!(gpu.pipelines(), pipelines, "other numbers need no other pipeline");
    for (part, number, value, said) in [
        ("huber", "delta", -1.0, "a number > 0"),
        ("huber", "coefficient", f32::NAN, "a finite number"),
        ("huber", "gamma", 1.0, "`delta` of `huber`"),
        (
            "mse",
            "delta",
            1.0,
            "term: option `mse.delta` is 1, expected a number that varies, by `Term::varying`: `coefficient` of `huber`",
        ),
    ] {
        let error = job.set(part, number, value).unwrap_err();
        assert!(matches!(error, Error::InvalidOption { .. }) && error.to_string().contains(said), "{error}");
    }
}

/// Values that an option may take: those that other tests draw, and more inside its range.
fn values(loss: &dyn Loss, name: &str) -> Vec<f32> {
    let (specs, values) = (loss.specs(), loss.values());
    let place = specs.iter().position(|spec| spec.name == name).unwrap();
    let inside = [0.0f64, 0.25, 0.5, 1.0, 1.5, 2.0].map(Value::Number);
    let drawn = option_values(&specs[place], &values[place]).into_iter().chain(inside);
    let numbers = drawn.filter_map(|value| if let Value::Number(number) = value { Some(number) } else { None });
    let mut numbers: Vec<f32> =
        numbers.filter(|number| specs[place].range.contains(*number)).map(|number| number as f32).collect();
    // the distance is a p-th root, which multiplies the rounding error of its sum by 1/p
    numbers.retain(|number| name != "p" || *number >= 0.5);
    numbers.dedup();
    numbers
}

/// For every value of every number option, set on one job or read from a tensor, the results are the twin's with this
/// option.
fn every_number_option_varies(loss: &dyn Loss) {
    let case = Case { wanted: Wanted::Stored, ..Case::new(loss.header().id, &[4, 3, 9], DType::I32) }.with_all();
    let inputs = case.inputs();
    let tensors = inputs.on(&mut |array| gpu().upload_array(array)).unwrap();
    let of = case.differentiated(&tensors);
    let into: Vec<Tensor> = of.iter().map(|of| gpu().empty(of.shape()).unwrap()).collect();
    let gradients = || of.iter().zip(&into).map(|(of, into)| Gradient::store(of, into)).collect();
    let outputs = || Outputs { gradients: gradients(), ..Outputs::default() };
    let held = gpu().upload(&[1.0f32], []).unwrap();
    for (spec, value) in case.loss().specs().iter().zip(case.loss().values()) {
        let is_number = matches!((spec.kind, &value), (Kind::Number | Kind::NumberOrNone, Value::Number(_)));
        let name = spec.name;
        let Ok(job) = gpu().prepare(&case.term(&tensors).varying(name), &outputs()) else {
            let refused = !is_number || name.ends_with("_weight") || loss.header().id == "vae";
            assert!(refused, "{name} cannot vary");
            continue;
        };
        assert!(is_number, "{name} is no number");
        let reading = gpu().prepare(&case.term(&tensors).number_from(name, &held), &outputs()).unwrap();
        for number in values(loss, name) {
            let case = case.clone().option(name, Value::Number(number.into()));
            let (term, arrays) = (case.term(&inputs), case.differentiated(&inputs));
            let want = Given::by_twin(cpu::gradient_list(&term, &arrays).unwrap());
            job.set(loss.header().id, name, number).unwrap();
            write(gpu(), &held, &[number]);
            for job in [&job, &reading] {
                let mut got = Given::by_outcome(&job.run().unwrap()).unwrap();
                // an extra loss with a varying factor has its part even if the factor is 0
                let [known, extra] = [true, false].map(|known| {
                    let is_known = |part: &PartOutcome| want.parts.iter().any(|want| want.name == part.name) == known;
                    got.parts.iter().filter(|part| is_known(part)).cloned().collect::<Vec<_>>()
                });
                assert!(extra.iter().all(|part| part.sum == 0.0 && number == 0.0), "{extra:?}");
                got.parts = known;
                got.judge(&want).unwrap_or_else(|error| panic!("{name} = {number}: {error}"));
            }
        }
    }
}

fn a_number_out_of_range_in_a_tensor_is_reported() {
    let gpu = gpu();
    let (x, t) = (gpu.upload(&[0.5f32, -2.0], [2]).unwrap(), gpu.upload(&[1.0f32, 0.0], [2]).unwrap());
    let page = gpu.upload(&[7.0f32, 2.0, 0.5, 7.0], [4]).unwrap();
    let at = |place: u64| {
        let (buffer, _) = page.buffer();
        gpu.wrap(buffer.slice(4 * place..4 * place + 4), [1], DType::F32).unwrap()
    };
    let [gamma, half] = [at(1), at(2)];
    let d = gpu.empty([2]).unwrap();
    let focal = SigmoidFocal::default().of(&x, &t).number_from("gamma", &gamma).number_from("coefficient", &half);
    let term = Mse::default().of(&x, &t) + focal.named("focal");
    let outputs = Outputs { gradients: vec![Gradient::store(&x, &d)], ..Outputs::default() };
    let job = gpu.prepare(&term, &outputs).unwrap();
    let good = job.run().unwrap().loss().wait().unwrap();
    let gradient = read(&d);
    let twin = [Array::new(&[0.5f32, -2.0], [2]).unwrap(), Array::new(&[1.0f32, 0.0], [2]).unwrap()];
    let [x, t] = &twin;
    let want = cpu::value(&(Mse::default().of(x, t) + 0.5 * SigmoidFocal::default().of(x, t))).unwrap();
    assert!((f64::from(good) - want.loss().unwrap()).abs() < 1e-6, "{good}");
    let refused = |option: &str, value: f32, expected: &str| Error::InvalidOption {
        loss: "sigmoid_focal",
        option: option.into(),
        value: value.to_string(),
        expected: expected.into(),
    };
    for (numbers, error) in [
        ([-1.0f32, 0.5], refused("gamma", -1.0, "a number ≥ 0")),
        ([f32::INFINITY, 0.5], refused("gamma", f32::INFINITY, "a number ≥ 0")),
        ([2.0, f32::NEG_INFINITY], refused("coefficient", f32::NEG_INFINITY, "a finite number")),
    ] {
        write(gpu, &page, &[7.0, numbers[0], numbers[1], 7.0]);
        let outcome = job.run().unwrap();
        assert_eq!(outcome.loss().wait(), Err(error.clone()));
        assert!(read(&d).iter().all(|d| d.is_nan()), "no step is taken with a wrong number");
        write(gpu, &page, &[7.0, 2.0, 0.5, 7.0]);
        assert_eq!(job.run().unwrap().loss().wait(), Ok(good));
        assert_eq!(read(&d), gradient);
        assert_eq!(job.check().wait(), Err(error), "the first of all runs is kept");
        assert_eq!(job.check().wait(), Ok(()));
    }
    // a number on the host is refused at once
    let wrong = Array::new(&[-1.0f32], [1]).unwrap();
    let term = SigmoidFocal::default().of(x, t).number_from("gamma", &wrong);
    assert_eq!(cpu::value(&term).map(drop), Err(refused("gamma", -1.0, "a number ≥ 0")));
    assert_eq!(gpu.value(&term).map(drop), Err(refused("gamma", -1.0, "a number ≥ 0")));
}

/// A number out of range makes each value of an unreduced loss NaN, and each gradient, in every family.
fn a_number_out_of_range_spoils_every_value(loss: &dyn Loss) {
    let case = Case::new(loss.header().id, &[4, 3, 9], DType::I32);
    let tensors = case.inputs().on(&mut |array| gpu().upload_array(array)).unwrap();
    let factor = gpu().upload(&[1.0f32], [1]).unwrap();
    let reductions = loss.header().reductions.iter().filter(|reduction| **reduction != Reduction::BatchMean);
    for &reduction in reductions {
        let case = Case { reduction, ..case.clone() };
        let of = case.differentiated(&tensors);
        let term = case.term(&tensors).number_from("coefficient", &factor);
        let Ok((outcome, gradients)) = gpu().gradient_list(&term, &of) else { continue };
        let bits = |tensor: &Tensor| -> Vec<u32> { raw(tensor).iter().map(|x| x.to_bits()).collect() };
        let good: Vec<Vec<u32>> = [outcome.tensor()].into_iter().chain(&gradients).map(bits).collect();
        drop((outcome, gradients));
        write(gpu(), &factor, &[f32::INFINITY]);
        let (outcome, gradients) = gpu().gradient_list(&term, &of).unwrap();
        let results = || [outcome.tensor()].into_iter().chain(&gradients);
        for (tensor, good) in results().zip(&good) {
            let spoilt = raw(tensor);
            assert!(spoilt.iter().all(|x| x.is_nan() || *x == 0.0), "{reduction:?}: {spoilt:?}");
            let finite =
                spoilt.iter().zip(good).filter(|(x, good)| !x.is_nan() && f32::from_bits(**good) != 0.0).count();
            assert_eq!(finite, 0, "{reduction:?}: {spoilt:?}");
        }
        drop((outcome, gradients));
        write(gpu(), &factor, &[1.0]);
        let (outcome, gradients) = gpu().gradient_list(&term, &of).unwrap();
        let again: Vec<Vec<u32>> = [outcome.tensor()].into_iter().chain(&gradients).map(bits).collect();
        assert_eq!(again, good, "{reduction:?}");
    }
}

/// The numbers in a tensor, read through another tensor, so that a refusal of its run doesn't matter.
fn raw(tensor: &Tensor) -> Vec<f32> {
    let (buffer, offset) = tensor.buffer();
    let bytes = 4 * tensor.len() as u64;
    read(&gpu().wrap(buffer.slice(offset..offset + bytes), tensor.shape(), tensor.dtype()).unwrap())
}

fn numbers_that_cannot_vary_are_refused() {
    let x = Array::new(&[0.5f32; 6], [2, 3]).unwrap();
    let t = Array::new(&[0i32, 1], [2]).unwrap();
    let term = CrossEntropy::default().of(&x, &t);
    let wide = Array::new(&[0.5f32; 2], [2]).unwrap();
    let pixels = Array::new(&[0.5f32; 12], [2, 3, 2]).unwrap();
    let labels = Array::new(&[0i32, 1, 2, 0], [2, 2]).unwrap();
    let softmax = DiceFocal::new().use_softmax(true).of(&pixels, &labels);
    let weighted = |weight: f32| DiceCrossEntropy::new().dice_weight(weight).of(&pixels, &labels);
    for (term, said) in [
        (term.clone().varying("ignore_index"), "an option with a number"),
        (term.clone().varying("gamma"), "one of the options"),
        (term.clone().varying("z_loss").varying("z_loss"), "varies only once"),
        (term.clone().number_from("z_loss", &wide), "[] or [1]"),
        (term.number_from("z_loss", &t), "expected f32"),
        (weighted(0.3125).varying("dice_weight"), "coefficients of a sum"),
        (softmax.varying("label_smoothing"), "`label_smoothing` is 0, expected another option, to vary"),
        ((0.0 * weighted(1.0)).varying("coefficient").varying("dice_weight"), "coefficients of a sum"),
    ] {
        let error = cpu::value(&term).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(gpu().value(&term).map(drop), Err(error));
    }
}

fn a_sum_of_losses_varies_as_a_whole() {
    let gpu = gpu();
    let one = |number: f32| gpu.upload(&[number, 1.0], [2, 1]).unwrap();
    let (x, t, mu, log_var) = (one(0.5), one(0.0), one(1.0), one(-1.0));
    let term = Vae::default().of(&x, &t, &mu, &log_var);
    let whole = gpu.value(&term).unwrap().loss().wait().unwrap();
    let job = gpu.prepare(&term.varying("coefficient"), &Outputs::default()).unwrap();
    for factor in [1.0, 0.25] {
        job.set("vae", "coefficient", factor).unwrap();
        assert_eq!(job.run().unwrap().loss().wait(), Ok(factor * whole));
    }
}

/// Gradient accumulation over batches of unequal weight: the denominators of all batches are added up on the GPU, and
/// divide the gradients of each batch.
fn parts_are_added_up_on_the_gpu() {
    let gpu = gpu();
    let weight = gpu.upload(&[0.5f32, 2.0, 3.0], [3]).unwrap();
    let logits: Vec<f32> = (0..21).map(|k| (k * 5 % 7) as f32 - 3.0).collect();
    let labels = [0i32, 1, 2, 2, 1, 0, 1];
    let ce = |from: usize, to: usize| {
        let x = gpu.upload(&logits[3 * from..3 * to], [to - from, 3]).unwrap();
        let t = gpu.upload(&labels[from..to], [to - from]).unwrap();
        let loss = CrossEntropy { z_loss: 0.1, ..CrossEntropy::default() };
        (0.5 * loss.of(&x, &t).with(Extra::Weight, &weight), x)
    };
    let totals = gpu.empty([2, 3]).unwrap();
    let sums = |add| Outputs { parts: Some(PartSums { into: totals.clone(), add }), ..Outputs::default() };
    let batches = [ce(0, 5), ce(5, 7)];
    for ((term, _), add) in batches.iter().zip([false, true]) {
        gpu.prepare(term, &sums(add)).unwrap().run().unwrap();
    }
    let (whole, x) = ce(0, 7);
    let (outcome, [want]) = gpu.gradients(&whole, [&x]).unwrap();
    let parts = outcome.parts().wait().unwrap();
    let rows: Vec<f64> = parts.iter().flat_map(|part| [part.sum, part.denominator, part.weight]).collect();
    let got: Vec<f64> = read(&totals).into_iter().map(f64::from).collect();
    assert!(got.iter().zip(&rows).all(|(got, want)| (got - want).abs() < 1e-5), "{got:?} {rows:?}");
    // the loss and its extra loss have different denominators, so dividing both by one of them changes the extra loss
    let (buffer, offset) = totals.buffer();
    let weights = gpu.wrap(buffer.slice(offset + 4..offset + 8), [], DType::F32).unwrap();
    let plain = |term: &wgloss::Term<Tensor>| term.clone().divide_by(&weights);
    let [a, b] = &batches;
    let accumulated = [a, b].map(|(term, x)| read(&gpu.gradients(&plain(term), [x]).unwrap().1[0]));
    let want_divided = read(&gpu.gradients(&plain(&whole), [&x]).unwrap().1[0]);
    let got = accumulated.concat();
    assert!(got.iter().zip(&want_divided).all(|(got, want)| (got - want).abs() < 1e-6), "{got:?}");
    assert_ne!(read(&want), want_divided, "the extra loss is divided by the count otherwise");
    let (term, _) = ce(0, 5);
    let wrong = gpu.empty([1, 3]).unwrap();
    let outputs = Outputs { parts: Some(PartSums { into: wrong, add: false }), ..Outputs::default() };
    let error = gpu.prepare(&term, &outputs).unwrap_err();
    assert!(error.to_string().contains("[2, 3]"), "{error}");
}
