//! Operands as Burn's programs pass them: views, masks of bools, one tensor as several operands, with autodiff and without,
//! between other operations.

use crate::harness::tests;
use crate::on_burn::{array, numbers};
use crate::{autodiff, device};
use burn::tensor::{Bool, DType, Device, Distribution, Int, Tensor, TensorData};
use libtest_mimic::Trial;
use wgloss::half::f16;
use wgloss::{
    Array, BceWithLogits, CrossEntropy, Dice, Distillation, Extra, Mse, Observation, Reduction, Scale, Term, cpu,
};
use wgloss_burn::{BurnLoss, BurnTerm, Operand};

pub fn tests() -> Vec<Trial> {
    tests![
        a_mask_of_bools_leaves_values_out,
        sample_weights_weigh_values_of_positions_and_regions,
        weights_broadcast_by_trailing_axes,
        a_mean_may_have_its_own_denominator,
        views_are_read_as_they_look,
        images_whose_channels_lie_last_are_read_where_they_lie,
        a_tensor_in_several_places_has_one_gradient,
        without_autodiff_the_loss_is_the_same,
        constants_of_the_plain_device_stand_beside_tracked_tensors,
        gradient_checkpointing_changes_nothing,
        a_batch_of_nothing_has_a_mean_of_nan,
        odd_lengths_of_sixteen_bits_leave_their_neighbours_alone,
        a_tensor_that_is_used_again_is_not_overwritten,
        the_loss_goes_on_into_other_operations,
    ]
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 2.0), device)
}

fn labels<const D: usize>(shape: [usize; D], classes: i32, device: &Device) -> Tensor<D, Int> {
    let labels: Vec<i32> = (0..shape.iter().product::<usize>() as i32).map(|i| (i * 7919) % classes).collect();
    Tensor::from_data(TensorData::new(labels, shape), device)
}

/// The host's copy of a tensor.
fn host<const D: usize>(tensor: &Tensor<D>) -> Array {
    array(tensor.clone().into_data())
}

fn host_labels<const D: usize>(tensor: &Tensor<D, Int>) -> Array {
    let data = tensor.clone().into_data().convert::<i32>();
    Array::new(data.as_slice::<i32>().unwrap(), data.shape().to_vec()).unwrap()
}

#[track_caller]
fn near(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    let worst = got.iter().zip(want).map(|(got, want)| (got - want).abs() / (1.0 + want.abs())).fold(0.0, f64::max);
    assert!(worst < 1e-5, "{got:?} are not {want:?}");
}

fn a_mask_of_bools_leaves_values_out() {
    let ad = autodiff();
    let x = random([5, 4], &ad).require_grad();
    let t = labels([5], 4, &ad);
    let bools = Tensor::<1, Bool>::from_data(TensorData::new(vec![true, false, true, true, false], [5]), &ad);
    let loss = CrossEntropy::default().term((&x, &t)).with(Extra::Mask, &(&bools).into()).loss().unwrap();
    let gradient = x.grad(&loss.backward()).unwrap();
    let (x, t) = (host(&x), host_labels(&t));
    let mask = Array::new(&[1.0f32, 0.0, 1.0, 1.0, 0.0], [5]).unwrap();
    let (out, [want]) = cpu::gradients(&CrossEntropy::default().of(&x, &t).with(Extra::Mask, &mask), [&x]).unwrap();
    near(&numbers(loss), &[out.loss().unwrap()]);
    near(&numbers(gradient), &want.to_f64());
}

/// Asserts that a term of Burn's tensors has the value and the gradient of the twin.
#[track_caller]
fn agrees<const D: usize>(term: &Term<Operand>, x: &Tensor<D>, twin: &Term<Array>, of: &Array) {
    let loss = term.loss().unwrap();
    let gradient = x.grad(&loss.backward()).unwrap();
    let (out, [want]) = cpu::gradients(twin, [of]).unwrap();
    near(&numbers(loss), &[out.loss().unwrap()]);
    near(&numbers(gradient), &want.to_f64());
}

/// The channels of the images lie last in memory, so they may be read without a copy, while the weights have no channel
/// axis.
fn sample_weights_weigh_values_of_positions_and_regions() {
    let ad = autodiff();
    let lie = random([2, 3, 4, 5], &ad);
    let t = labels([2, 3, 4], 5, &ad);
    let weights = Tensor::<3>::random([2, 3, 4], Distribution::Uniform(0.0, 2.0), &ad);
    let (ht, hw) = (host_labels(&t), host(&weights));
    for of_regions in [false, true] {
        let x = lie.clone().detach().permute([0, 3, 1, 2]).require_grad();
        let hx = host(&x);
        let (term, twin) = match of_regions {
            false => (CrossEntropy::default().term((&x, &t)), CrossEntropy::default().of(&hx, &ht)),
            true => (Dice::default().term((&x, &t)), Dice::default().of(&hx, &ht)),
        };
        agrees(&term.with(Extra::SampleWeight, &(&weights).into()), &x, &twin.sample_weight(&hw), &hx);
    }
}

fn weights_broadcast_by_trailing_axes() {
    let ad = autodiff();
    let x = random([2, 3, 4, 5], &ad).require_grad();
    let t = Tensor::<4>::random([2, 3, 4, 5], Distribution::Uniform(0.0, 1.0), &ad);
    let (hx, ht) = (host(&x), host(&t));
    let of_channels = Tensor::<3>::from_floats([[[1.0]], [[0.5]], [[3.0]]], &ad);
    let of_columns = Tensor::<1>::from_floats([1.0, 2.0, 0.0, 0.5, 4.0], &ad);
    let both = |extra: Extra, weight: Operand, of: &Array| {
        let (mse, bce) = (Mse::default(), BceWithLogits::default());
        match extra {
            Extra::Weight => (mse.term((&x, &t)).with(extra, &weight), mse.of(&hx, &ht).with(extra, of)),
            _ => (bce.term((&x, &t)).with(extra, &weight), bce.of(&hx, &ht).with(extra, of)),
        }
    };
    for extra in [Extra::Weight, Extra::PosWeight] {
        let (term, twin) = both(extra, (&of_channels).into(), &host(&of_channels));
        agrees(&term, &x, &twin, &hx);
        let (term, twin) = both(extra, (&of_columns).into(), &host(&of_columns));
        agrees(&term, &x, &twin, &hx);
    }
}

fn a_mean_may_have_its_own_denominator() {
    let ad = autodiff();
    let x = random([5, 4], &ad).require_grad();
    let t = labels([5], 4, &ad);
    let denominator = Tensor::<1>::from_floats([7.0], &ad);
    let term = CrossEntropy::default().term((&x, &t)).divide_by(Scale::Tensor((&denominator).into()));
    let (hx, ht) = (host(&x), host_labels(&t));
    agrees(&term, &x, &CrossEntropy::default().of(&hx, &ht).divide_by(7.0), &hx);
}

fn views_are_read_as_they_look() {
    let ad = autodiff();
    let whole = random([40, 60], &ad).require_grad();
    let x = whole.clone().transpose().slice([3..50, 5..30]);
    let t = random([60, 40], &ad).slice([2..49, 1..26]);
    let loss = Mse::default().loss((&x, &t)).unwrap();
    let gradient = numbers(whole.grad(&loss.backward()).unwrap().transpose().slice([3..50, 5..30]));
    let (x, t) = (host(&x), host(&t));
    let (out, [want]) = cpu::gradients(&Mse::default().of(&x, &t), [&x]).unwrap();
    near(&numbers(loss), &[out.loss().unwrap()]);
    near(&gradient, &want.to_f64());
}

fn images_whose_channels_lie_last_are_read_where_they_lie() {
    let ad = autodiff();
    let channels_last = random([2, 6, 7, 5], &ad).require_grad();
    let t = labels([2, 6, 7], 5, &ad);
    let teacher = (random([2, 6, 7, 5], &ad)).permute([0, 3, 1, 2]);
    let (hx, ht, hh) = (host(&channels_last.clone().permute([0, 3, 1, 2])), host_labels(&t), host(&teacher));
    let weights = Tensor::<1>::from_floats([1.0, 2.0, 0.5, 1.5, 3.0], &ad);
    let hw = host(&weights);
    let of = |loss: &str, x: Tensor<4>| match loss {
        "labels" => (CrossEntropy::default().term((&x, &t)), CrossEntropy::default().of(&hx, &ht)),
        "weights" => (
            CrossEntropy::default().term((&x, &t)).with(Extra::Weight, &(&weights).into()),
            CrossEntropy::default().of(&hx, &ht).with(Extra::Weight, &hw),
        ),
        "regions" => (Dice::default().term((&x, &t)), Dice::default().of(&hx, &ht)),
        "a sum" => (
            CrossEntropy::default().term((&x, &t)) + Dice::default().term((&x, &t)),
            CrossEntropy::default().of(&hx, &ht) + Dice::default().of(&hx, &ht),
        ),
        // the teacher would have to have the same layout
        "a teacher" => (Distillation::default().term((&x, &teacher)), Distillation::default().of(&hx, &hh)),
        _ => (Mse::default().term((&x, &teacher)), Mse::default().of(&hx, &hh)),
    };
    for loss in ["labels", "weights", "regions", "a sum", "a teacher", "elements"] {
        let (term, twin) = of(loss, channels_last.clone().permute([0, 3, 1, 2]));
        let value = term.loss().unwrap();
        let gradient = channels_last.grad(&value.backward()).unwrap().permute([0, 3, 1, 2]);
        let (out, [want]) = cpu::gradients(&twin, [&hx]).unwrap();
        near(&numbers(value), &[out.loss().unwrap()]);
        near(&numbers(gradient), &want.to_f64());
    }
}

fn a_tensor_in_several_places_has_one_gradient() {
    let ad = autodiff();
    let x = random([2, 5, 8, 8], &ad).require_grad();
    let t = labels([2, 8, 8], 5, &ad);
    let right = CrossEntropy::default().term((&x, &t)).observe(Observation::Accuracy);
    let both = right + 0.5 * Dice::default().term((&x, &t)).observe(Observation::Iou);
    let (loss, report) = both.loss_and_report().unwrap();
    let gradient = x.grad(&loss.backward()).unwrap();
    let (hx, ht) = (host(&x), host_labels(&t));
    let right = CrossEntropy::default().of(&hx, &ht).observe(Observation::Accuracy);
    let both = right + 0.5 * Dice::default().of(&hx, &ht).observe(Observation::Iou);
    let (out, [want]) = cpu::gradients(&both, [&hx]).unwrap();
    let parts = report.parts().unwrap();
    for (part, want) in parts.iter().zip(out.parts()) {
        assert_eq!(part.name, want.name);
        near(&[part.sum, part.denominator], &[want.sum, want.denominator]);
    }
    assert_eq!(parts.len(), out.parts().len());
    near(&numbers(loss), &[out.loss().unwrap()]);
    near(&numbers(gradient), &want.to_f64());

    let teacher = (x.clone() + 0.0).detach();
    let loss = Distillation::default().loss((&x, &teacher)).unwrap();
    assert!(numbers(loss)[0].abs() < 1e-6);
    // a tensor compared with itself: the gradients of both operands are added up, and cancel each other
    let y = random([3, 4], &ad).require_grad();
    let loss = Mse::default().loss((&y, &y)).unwrap();
    near(&numbers(y.grad(&loss.backward()).unwrap()), &[0.0; 12]);
}

fn without_autodiff_the_loss_is_the_same() {
    let x = random([5, 4], device());
    let t = labels([5], 4, device());
    let plain = CrossEntropy::default().loss((&x, &t)).unwrap();
    assert!(!plain.device().is_autodiff());
    let ad = autodiff();
    let tracked = CrossEntropy::default().loss((Tensor::<2>::from_data(x.into_data(), &ad).require_grad(), t)).unwrap();
    assert!(tracked.device().is_autodiff());
    assert_eq!(numbers(plain), numbers(tracked));
}

fn constants_of_the_plain_device_stand_beside_tracked_tensors() {
    let x = random([5, 4], &autodiff()).require_grad();
    let target = random([5, 4], device());
    let loss = Mse::default().loss((&x, &target)).unwrap();
    let gradient = numbers(x.grad(&loss.backward()).unwrap());
    let (x, t) = (host(&x), host(&target));
    let (_, [want]) = cpu::gradients(&Mse::default().of(&x, &t), [&x]).unwrap();
    near(&gradient, &want.to_f64());
}

fn gradient_checkpointing_changes_nothing() {
    let x = random([6, 4], device()).into_data();
    let gradients = [autodiff(), autodiff().gradient_checkpointing()].map(|device| {
        let leaf = Tensor::<2>::from_data(x.clone(), &device).require_grad();
        // gradient checkpointing computes these cheap operations again in the backward pass
        let logits = (leaf.clone() * 3.0).tanh() + 1.0;
        let loss = CrossEntropy::default().loss((logits, labels([6], 4, &device))).unwrap();
        numbers(leaf.grad(&(loss * 2.0).backward()).unwrap())
    });
    assert_eq!(gradients[0], gradients[1]);
}

fn a_batch_of_nothing_has_a_mean_of_nan() {
    let ad = autodiff();
    let x = Tensor::<2>::from_data(TensorData::new(Vec::<f32>::new(), [0, 3]), &ad).require_grad();
    let t = Tensor::<1, Int>::from_data(TensorData::new(Vec::<i32>::new(), [0]), &ad);
    let loss = CrossEntropy::default().loss((&x, &t)).unwrap();
    assert!(numbers(loss)[0].is_nan());
    let sum = CrossEntropy::default().term((&x, &t)).reduce(Reduction::Sum).loss().unwrap();
    assert_eq!(numbers(sum), [0.0]);
}

fn odd_lengths_of_sixteen_bits_leave_their_neighbours_alone() {
    let ad = autodiff();
    let halves =
        |n: usize, from: usize| -> Vec<f16> { (0..n).map(|i| f16::from_f32((i + from) as f32 / 4.0)).collect() };
    for n in [1, 3, 7, 33] {
        let leaf =
            |from| Tensor::<1>::from_data(TensorData::new(halves(n, from), [n]), (&ad, DType::F16)).require_grad();
        let (x, t) = (leaf(0), leaf(3));
        let loss = Mse::default().term((&x, &t)).reduce(Reduction::Sum).loss().unwrap();
        let gradients = loss.backward();
        assert_eq!(numbers(x.grad(&gradients).unwrap()), vec![-1.5; n]);
        assert_eq!(numbers(t.grad(&gradients).unwrap()), vec![1.5; n]);
        assert_eq!(numbers(x), halves(n, 0).iter().map(|x| x.to_f64()).collect::<Vec<_>>());
    }
}

/// A gradient may overwrite logits that nobody else holds, but no others.
fn a_tensor_that_is_used_again_is_not_overwritten() {
    let ad = autodiff();
    let leaf = random([6, 4], &ad).require_grad();
    let before = numbers(leaf.clone());
    let t = labels([6], 4, &ad);
    for keep in [false, true] {
        let logits = leaf.clone() * 2.0;
        let kept = keep.then(|| logits.clone());
        let loss = CrossEntropy::default().loss((logits, &t)).unwrap();
        let gradient = numbers(leaf.grad(&loss.backward()).unwrap());
        let doubled: Vec<f64> = before.iter().map(|x| 2.0 * x).collect();
        kept.map(|kept| assert_eq!(numbers(kept), doubled)).unwrap_or_default();
        let x = Array::new(&doubled.iter().map(|x| *x as f32).collect::<Vec<_>>(), [6, 4]).unwrap();
        let (_, [want]) = cpu::gradients(&CrossEntropy::default().of(&x, &host_labels(&t)), [&x]).unwrap();
        near(&gradient, &want.to_f64().iter().map(|g| 2.0 * g).collect::<Vec<_>>());
    }
    assert_eq!(numbers(leaf), before);
}

fn the_loss_goes_on_into_other_operations() {
    let ad = autodiff();
    let x = random([2, 8, 8, 5], &ad).require_grad();
    let t = labels([2, 8, 8], 5, &ad);
    let last = || Operand::from(&x).class_axis_last();
    let factors = Tensor::<3>::random([2, 8, 8], Distribution::Uniform(0.0, 1.0), &ad);
    let each = CrossEntropy::default().losses::<3>((last(), &t)).unwrap();
    let loss = (each * factors.clone()).sum() + CrossEntropy::default().loss((last(), &t)).unwrap() * 3.0;
    let gradient = numbers(x.grad(&loss.backward()).unwrap());
    let hx = host(&x).class_axis_last();
    let (ht, hf) = (host_labels(&t), host(&factors));
    let term = CrossEntropy::default().of(&hx, &ht);
    let sum = term.clone().reduce(Reduction::None).upstream(&hf);
    let (_, [one]) = cpu::gradients(&sum, [&hx]).unwrap();
    let (_, [other]) = cpu::gradients(&term.upstream(3.0), [&hx]).unwrap();
    let want: Vec<f64> = one.to_f64().iter().zip(other.to_f64()).map(|(one, other)| one + other).collect();
    near(&gradient, &want);
}
