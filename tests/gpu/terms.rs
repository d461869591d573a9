//! Sums of terms: shared tensors, one gradient for each tensor, and the parts beside the total.

use crate::case::{Case, Inputs, ScaleGiven};
use crate::chosen::{all, of_each_family};
use crate::draw::Rng;
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::judge::{self, Failures};
use libtest_mimic::Trial;
use wgloss::{
    Array, CosineEmbedding, CrossEntropy, DType, Dice, Extra, Gradient, InfoNce, Loss, Mse, Nll, Operand, Outputs,
    Reduction, SoftmaxFocal, Tensor, Term, ToGpu, TripletMargin, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        a_tensor_used_twice_in_one_loss_gets_the_sum_of_its_gradients,
        a_gradient_asked_for_twice_is_given_twice,
        a_vector_in_two_places_of_a_row_gets_the_sum_of_its_gradients,
        rows_that_are_their_own_others_get_the_sum_of_their_gradients,
        losses_over_the_same_logits_share_one_gradient_and_report_each_part,
        a_denominator_of_the_whole_batch_makes_shards_add_up_to_it,
        a_nan_in_one_part_is_a_nan_in_the_sum_whatever_its_place,
        an_unreduced_term_stands_alone,
        a_mask_on_a_sum_with_coefficients_masks_each_part,
        a_mean_over_nothing_is_0_where_a_term_says_so,
        only_its_own_sum_and_denominator_make_a_loss_nan,
    ];
    tests.extend(tests_of![of_each_family(all()); a_loss_adds_up_with_itself_under_other_reductions_and_scales]);
    tests
}

/// Whether a denominator is 0 is known only on the GPU.
fn a_mean_over_nothing_is_0_where_a_term_says_so() {
    let (x, y, [none, one]) = (numbers(5, &[3, 4]), numbers(6, &[3, 4]), [[0.0f32; 12], [1.0; 12]]);
    let [none, one] = [none, one].map(|of| Array::new(&of, [3, 4]).unwrap());
    let (ignored, zero) = (Array::new(&[-100i32; 3], [3]).unwrap(), Array::new(&[0.0f32], []).unwrap());
    let nan = Array::new(&[f32::NAN; 12], [3, 4]).unwrap();
    let ce = CrossEntropy { z_loss: 0.5, ..CrossEntropy::default() };
    let (l2, of_none) = (Mse::default().of(&x, &y), Mse::default().of(&nan, &y).mask(&none));
    for (what, term, empty, want) in [
        ("ignored labels", ce.of(&x, &ignored), f64::NAN, 0.0),
        ("a mask of zeros", of_none.clone(), f64::NAN, 0.0),
        ("weights of zero", l2.clone().weight(&none), f64::NAN, 0.0),
        ("a denominator of zero", l2.clone().divide_by(&zero), f64::NAN, 0.0),
        ("a NaN of weight zero", Mse::default().of(&nan, &y).weight(&none), f64::NAN, f64::NAN),
        ("a sum of both", Mse::default().of(&one, &none) + of_none, f64::NAN, 1.0),
    ] {
        for (term, want) in [(term.clone(), empty), (term.empty_is_zero(), want)] {
            let on_gpu = term.map(|array| gpu().upload_array(array)).unwrap();
            let of = on_gpu.operands().next().unwrap().2.clone();
            let outcome = gpu().gradients(&on_gpu, [&of]).unwrap();
            let (got, twin) = (outcome.0.loss().wait().unwrap().into(), cpu::value(&term).unwrap().loss().unwrap());
            for got in [got, twin] {
                assert!(got == want || got.is_nan() && want.is_nan(), "{what}: {got}, not {want}");
            }
            let unknown = what.contains("NaN") || what.contains("sum");
            let gradient = outcome.1[0].read().wait().unwrap().to_f64();
            assert!(unknown || gradient.iter().all(|&d| d == 0.0), "{what}: {gradient:?}");
        }
    }
}

/// A denominator that nothing is divided by may be 0 or NaN. A sum of infinities of both signs is NaN, and no mean over nothing.
fn only_its_own_sum_and_denominator_make_a_loss_nan() {
    let (inf, ce) = (f32::INFINITY, CrossEntropy::default());
    let square = |numbers: [f32; 4]| Array::new(&numbers, [2, 2]).unwrap();
    let pair = |numbers: [f32; 2]| Array::new(&numbers, [2]).unwrap();
    let labels = Array::new(&[0i32, 1], [2]).unwrap();
    let (x, signs) = (square([1.0, 2.0, 3.0, 1.0]), pair([1.0, -1.0]));
    let infinite = ce.of(&square([-inf, 2.0, 3.0, -inf]), &labels).weight(&signs);
    let log_probs = Nll::default().of(&square([-1.0, -2.0, -3.0, 1.0]), &labels);
    for (what, term, want) in [
        ("a count of 0", ce.of(&x, &labels).weight(&pair([1.0, 2.0])).sample_weight(&signs), 2.940_594_3),
        ("infinities in a mean over nothing", infinite.empty_is_zero(), f64::NAN),
        ("weights in a sum", log_probs.weight(&pair([inf, -inf])).reduce(Reduction::Sum), f64::INFINITY),
    ] {
        let (got, twin) = (gpu().value(&term).unwrap().loss().wait().unwrap().into(), cpu::value(&term).unwrap());
        for got in [got, twin.loss().unwrap()] {
            let close = got == want || got.is_nan() && want.is_nan() || (got - want).abs() < 1e-5;
            assert!(close, "{what}: {got}, not {want}");
        }
    }
}

/// Numbers without a pattern.
pub fn numbers(seed: u64, shape: &[usize]) -> Array {
    let mut rng = Rng::new(seed);
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal() as f32).collect();
    Array::new(&numbers, shape).unwrap()
}

/// Evaluates a term on the GPU and by the twin, and compares the results.
fn compare<T: ToGpu>(
    term: &Term<T>,
    of: &[&T],
    host: &Term<Array>,
    host_of: &[&Array],
) -> Result<judge::Given, String> {
    let want = judge::Given::by_twin(cpu::gradient_list(host, host_of).map_err(|e| e.to_string())?);
    let got = judge::Given::by_gpu(gpu(), term, of).map_err(|e| e.to_string())?;
    got.judge(&want).map(|()| got)
}

fn a_tensor_used_twice_in_one_loss_gets_the_sum_of_its_gradients() {
    let (x, y) = (numbers(1, &[70]), numbers(2, &[70]));
    let (gx, gy) = (gpu().upload_array(&x).unwrap(), gpu().upload_array(&y).unwrap());
    // a prediction that is its own target: the gradient is 0
    let own = Mse::default();
    let got = compare(&own.of(&gx, &gx), &[&gx], &own.of(&x, &x), &[&x]).unwrap();
    assert_eq!((got.loss, got.gradients[0].to_f64()), (Some(0.0), vec![0.0; 70]));
    // the same with arrays, which are uploaded once
    compare(&own.of(&x, &x), &[&x], &own.of(&x, &x), &[&x]).unwrap();
    // in two losses, as other operands, with another factor
    fn sum<T: Operand>(x: &T, y: &T) -> Term<T> {
        let mse = Mse::default();
        mse.of(x, y).named("there") + 0.5 * mse.of(y, x).reduce(Reduction::Sum).named("and back") + -3.0 * mse.of(x, x)
    }
    compare(&sum(&gx, &gy), &[&gx, &gy], &sum(&x, &y), &[&x, &y]).unwrap();
    compare(&sum(&gx, &gy), &[&gy], &sum(&x, &y), &[&y]).unwrap();
    compare(&sum(&x, &y), &[&y, &x], &sum(&x, &y), &[&y, &x]).unwrap();
}

fn a_gradient_asked_for_twice_is_given_twice() {
    let (x, y) = (numbers(8, &[70]).cast(DType::F16), numbers(9, &[70]));
    let (gx, gy) = (gpu().upload_array(&x).unwrap(), gpu().upload_array(&y).unwrap());
    fn sum<T: Operand>(x: &T, y: &T) -> Term<T> {
        Mse::default().of(x, y).reduce(Reduction::Sum)
    }
    compare(&sum(&gx, &gy), &[&gy, &gx, &gy], &sum(&x, &y), &[&y, &x, &y]).unwrap();
    compare(&sum(&y, &y), &[&y, &y], &sum(&y, &y), &[&y, &y]).unwrap();
    // to outputs of several types, of which one holds numbers to add to, and one is the operand itself
    let (_, [want]) = cpu::gradients(&sum(&x, &y), [&x]).unwrap();
    let (stored, added) = (gpu().empty([70]).unwrap(), gpu().upload(&[1.0f32; 70], [70]).unwrap());
    let gradients = vec![Gradient::store(&gx, &stored), Gradient::add(&gx, &added), Gradient::in_place(&gx)];
    gpu().prepare(&sum(&gx, &gy), &Outputs { gradients, ..Outputs::default() }).unwrap().run().unwrap();
    for (into, before, rounding) in [(&stored, 0.0, 1e-5), (&added, 1.0, 1e-5), (&gx, 0.0, 1e-2)] {
        let got = into.read().wait().unwrap().to_f64();
        let apart = got.iter().zip(want.to_f64()).map(|(got, want)| (got - want - before).abs()).fold(0.0, f64::max);
        assert!(apart < rounding, "{apart}");
    }
}

fn a_vector_in_two_places_of_a_row_gets_the_sum_of_its_gradients() {
    // short vectors, and rows that are cut into chunks
    for shape in [[30, 7], [2, 17_000]] {
        let (x, y) = (numbers(3, &shape), numbers(4, &shape));
        let (gx, gy) = (gpu().upload_array(&x).unwrap(), gpu().upload_array(&y).unwrap());
        let triplet = TripletMargin { swap: true, ..Default::default() };
        let (on_gpu, on_host) = (triplet.of(&gx, &gx, &gy), triplet.of(&x, &x, &y));
        compare(&on_gpu, &[&gx, &gy], &on_host, &[&x, &y]).unwrap();
        let ones = Array::new(&vec![1.0f32; shape[0]], [shape[0]]).unwrap();
        let on_gpu = CosineEmbedding::default().of(&gx, &gx, &gpu().upload_array(&ones).unwrap());
        let (outcome, [gradient]) = gpu().gradients(&on_gpu, [&gx]).unwrap();
        // a vector's cosine with itself is exactly 1
        assert_eq!(outcome.loss().wait().unwrap(), 0.0);
        assert!(gradient.read().wait().unwrap().to_f64().iter().all(|&d| d == 0.0));
    }
}

fn rows_that_are_their_own_others_get_the_sum_of_their_gradients() {
    for shape in [[5, 3], [70, 8], [130, 20]] {
        let (x, y) = (numbers(5, &shape), numbers(6, &shape));
        let (gx, gy) = (gpu().upload_array(&x).unwrap(), gpu().upload_array(&y).unwrap());
        for symmetric in [false, true] {
            let own = InfoNce { symmetric, ..Default::default() };
            compare(&own.of(&gx, &gx), &[&gx], &own.of(&x, &x), &[&x]).unwrap();
            compare(&own.of(&gx, &gy), &[&gy, &gx], &own.of(&x, &y), &[&y, &x]).unwrap();
            let (on_gpu, on_host) = (own.of(&gx, &gy), own.of(&x, &y));
            let (on_gpu, on_host) = (on_gpu.with(Extra::Negatives, &gx), on_host.with(Extra::Negatives, &x));
            compare(&on_gpu, &[&gx, &gy], &on_host, &[&x, &y]).unwrap();
        }
    }
}

fn losses_over_the_same_logits_share_one_gradient_and_report_each_part() {
    let x = numbers(3, &[2, 5, 9, 11]);
    let labels: Vec<u8> = (0..198).map(|i| (i * 7 % 6) as u8).map(|v| if v == 5 { 255 } else { v }).collect();
    let t = Array::new(&labels, [2, 9, 11]).unwrap();
    fn sum<T: Operand>(x: &T, t: &T) -> Term<T> {
        let ce = CrossEntropy { ignore_index: 255, label_smoothing: 0.1, z_loss: 0.01, ..Default::default() };
        let dice = Dice { ignore_index: Some(255), ..Dice::default() };
        let focal = SoftmaxFocal { ignore_index: 255, ..SoftmaxFocal::default() };
        2.0 * (0.25 * ce.of(x, t).named("pixels") + dice.of(x, t))
            + focal.of(x, t).reduce(Reduction::Sum).upstream(0.125)
    }
    let (gx, gt) = (gpu().upload_array(&x).unwrap(), gpu().upload_array(&t).unwrap());
    let got = compare(&sum(&gx, &gt), &[&gx], &sum(&x, &t), &[&x]).unwrap();
    let named: Vec<(&str, f64)> = got.parts.iter().map(|part| (part.name.as_str(), part.weight)).collect();
    assert_eq!(named, [("pixels", 0.5), ("pixels.z_loss", 0.5), ("dice", 2.0), ("softmax_focal", 1.0)]);
    let total: f64 = got.parts.iter().map(|part| part.weight * part.sum / part.denominator).sum();
    assert!((total - got.loss.unwrap()).abs() < 1e-5 * total.abs(), "{total} is not {:?}", got.loss);

    // added to the gradient that an earlier job has stored: twice the gradient
    let d = gpu().empty(x.shape()).unwrap();
    for add in [false, true] {
        let gradients = vec![Gradient { add, ..Gradient::store(&gx, &d) }];
        gpu().prepare(&sum(&gx, &gt), &Outputs { gradients, ..Outputs::default() }).unwrap().run().unwrap();
    }
    let twice: Vec<f64> = got.gradients[0].to_f64().iter().map(|d| 2.0 * d).collect();
    judge::close(&d.read().wait().unwrap().to_f64(), &twice).unwrap();
}

fn a_loss_adds_up_with_itself_under_other_reductions_and_scales(loss: &dyn Loss) {
    let case = Case::new(loss.header().id, &[5, 3, 7], DType::I32).with_all();
    // all terms have the same inputs, and different scales
    let inputs = case.inputs();
    let on_gpu = inputs.on(&mut |array| gpu().upload_array(array)).unwrap();
    fn sum<T: Operand>(case: &Case, inputs: &Inputs<T>, scale: &T) -> Term<T> {
        let sum = Case { reduction: Reduction::Sum, ..case.clone() };
        let scaled = |term: Term<T>| term.upstream(scale).divide_by(scale);
        scaled(case.term(inputs)).named("a")
            + 0.5 * sum.term(inputs).upstream(-2.0).divide_by(7.0)
            + scaled(-1.5 * sum.term(inputs))
    }
    let scale = Array::new(&[3.5f32], [1]).unwrap();
    let scale_on_gpu = gpu().upload_array(&scale).unwrap();
    let result = compare(
        &sum(&case, &on_gpu, &scale_on_gpu),
        &case.differentiated(&on_gpu),
        &sum(&case, &inputs, &scale),
        &case.differentiated(&inputs),
    );
    let mut failures = Failures::default();
    failures.note(&case, result.map(drop));
    failures.raise();
}

fn a_denominator_of_the_whole_batch_makes_shards_add_up_to_it() {
    let (x, t) = (numbers(5, &[60, 4]), numbers(6, &[60, 4]));
    let shard = |array: &Array, k: usize| gpu().upload(&array.to_f32()[80 * k..80 * (k + 1)], [20, 4]).unwrap();
    let (whole_x, whole_t) = (gpu().upload_array(&x).unwrap(), gpu().upload_array(&t).unwrap());
    let (whole, [whole_d]) = gpu().gradients(&Mse::default().of(&whole_x, &whole_t), [&whole_x]).unwrap();
    let count = gpu().upload(&[240.0f32], []).unwrap();
    let (mut loss, mut gradient) = (0.0, Vec::new());
    for k in 0..3 {
        let (x, t) = (shard(&x, k), shard(&t, k));
        let term = Mse::default().of(&x, &t);
        let term = if k == 0 { term.divide_by(240.0) } else { term.divide_by(&count) };
        let (part, [d]) = gpu().gradients(&term, [&x]).unwrap();
        loss += f64::from(part.loss().wait().unwrap());
        gradient.extend(d.read().wait().unwrap().to_f64());
        assert_eq!(part.parts().wait().unwrap()[0].denominator, 240.0);
    }
    judge::close(&[loss], &[whole.loss().wait().unwrap().into()]).unwrap();
    judge::close(&gradient, &whole_d.read().wait().unwrap().to_f64()).unwrap();
}

fn a_nan_in_one_part_is_a_nan_in_the_sum_whatever_its_place() {
    let good = gpu().upload(&[1.0f32, 2.0], [2]).unwrap();
    let bad = gpu().upload(&[1.0f32, f32::NAN], [2]).unwrap();
    for place in 0..3 {
        let operand = |k: usize| if k == place { &bad } else { &good };
        let term =
            (1..3).fold(Mse::default().of(operand(0), &good), |sum, k| sum + Mse::default().of(operand(k), &good));
        let outcome = gpu().value(&term).unwrap();
        assert!(outcome.loss().wait().unwrap().is_nan(), "part {place}");
        let parts = outcome.parts().wait().unwrap();
        assert!((0..3).all(|k| parts[k].sum.is_nan() == (k == place)), "{parts:?}");
    }
}

fn an_unreduced_term_stands_alone() {
    let x: Tensor = gpu().upload(&[1.0f32, 2.0], [2]).unwrap();
    let term = Mse::default().of(&x, &x).reduce(Reduction::None) + Mse::default().of(&x, &x);
    assert_eq!(gpu().value(&term).unwrap_err().kind(), "invalid_option");
    let given = Case {
        reduction: Reduction::None,
        upstream: ScaleGiven::Tensor,
        weight: -0.5,
        ..Case::new("mse", &[9], DType::F32)
    };
    given.run(gpu()).unwrap();
}

fn a_mask_on_a_sum_with_coefficients_masks_each_part() {
    let (x, labels) = (numbers(7, &[65, 4]), (0..65).map(|i| i * 3 % 4).collect::<Vec<i32>>());
    let (t, mask) = (Array::new(&labels, [65]).unwrap(), (0..65).map(|i| (i % 3) as f32).collect::<Vec<_>>());
    let mask = Array::new(&mask, [65]).unwrap();
    fn sum<T: Operand>(x: &T, t: &T, mask: &T) -> Term<T> {
        let ce = CrossEntropy::new().label_smoothing(0.1).of(x, t);
        let focal = SoftmaxFocal::new().of(x, t);
        [ce.clone() * 0.5f64, -focal / 4, ce - 2.0 * SoftmaxFocal::new().gamma(3.0).of(x, t)]
            .into_iter()
            .sum::<Term<T>>()
            .mask(mask)
    }
    let [gx, gt, gm] = [&x, &t, &mask].map(|array| gpu().upload_array(array).unwrap());
    let got = compare(&sum(&gx, &gt, &gm), &[&gx], &sum(&x, &t, &mask), &[&x]).unwrap();
    assert_eq!(got.parts.iter().map(|part| part.weight).collect::<Vec<_>>(), [0.5, -0.25, 1.0, -2.0]);
}
