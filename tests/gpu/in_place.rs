//! Gradients that overwrite their predictions: they have the same bits as elsewhere, and are refused where a kernel would
//! read the prediction later.

use crate::case::{Case, Floats};
use crate::chosen::{asks_for_losses, follows_another, losses, named, of_each_family};
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::judge::{Failures, same};
use crate::samples::samples;
use libtest_mimic::Trial;
use wgloss::{
    Array, CrossEntropy, DType, Error, Gpu, Gradient, Loss, Mse, Outputs, Reduction, Tensor, TripletMargin, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![what_would_be_read_too_late_is_refused];
    let overwritten = losses(30, |loss| !samples(loss).in_place.is_empty());
    tests.extend(tests_of![of_each_family(overwritten); a_gradient_in_place_has_the_same_bits]);
    // the gradients of all classes depend on the class of the label
    let by_label = ["softmax_focal", "multi_margin"];
    tests.extend(tests_of![named(&by_label); rows_that_would_be_cut_are_walked_whole]);
    tests
}

/// The gradient of a case's prediction, stored over the prediction or in a tensor of its own, and the loss.
pub fn gradient(gpu: &Gpu, case: &Case, in_place: bool) -> Result<(Array, Array), Error> {
    let tensors = case.inputs().on(&mut |array| gpu.upload_array(array))?;
    let input = &tensors.operands[0].1;
    let into = if in_place { input.clone() } else { gpu.empty_like(input)? };
    let gradients = vec![Gradient::store(input, &into)];
    let outcome = gpu.prepare(&case.term(&tensors), &Outputs { gradients, ..Outputs::default() })?.run()?;
    Ok((into.read().wait()?, outcome.tensor().read().wait()?))
}

fn a_gradient_in_place_has_the_same_bits(loss: &dyn Loss) {
    let (mut failures, shapes) = (Failures::default(), samples(loss).in_place);
    for shape in shapes {
        let plain = Case::new(loss.header().id, shape, DType::I32).with_all();
        assert!(plain.is_valid(), "{plain:?}");
        let mut cases = vec![plain.clone()];
        // When a kernel reads the prediction and when it writes the gradient depends on the walk, not on the leaf. So only the
        // first loss of each walk is also tested with floats of 16 bits, with other reductions and, if losses are asked for,
        // by name or all of them, with other options at one shape.
        if !follows_another(loss) {
            // two elements of 16 bits share a word
            let halves = [DType::F16, DType::BF16].map(|dtype| Case { floats: Floats::All(dtype), ..plain.clone() });
            cases.extend(halves);
            let others = loss.header().reductions.iter().filter(|&&reduction| reduction != plain.reduction);
            cases.extend(others.map(|&reduction| Case { reduction, ..plain.clone() }));
            if *shape == shapes[0] && asks_for_losses() {
                cases.extend(plain.under_other_options());
            }
        }
        for case in cases.into_iter().filter(Case::is_valid) {
            let given = [false, true].map(|in_place| gradient(gpu(), &case, in_place));
            failures.note(&case, same_bits(given));
        }
    }
    failures.raise();
}

/// Compares the bits of two results, each a gradient and a loss.
pub fn same_bits(given: [Result<(Array, Array), Error>; 2]) -> Result<(), String> {
    match given {
        [Err(error), _] | [_, Err(error)] => Err(error.to_string()),
        [Ok(one), Ok(other)] if bits(&one) == bits(&other) => Ok(()),
        [Ok(one), Ok(other)] => same(&other.0, &one.0).and(Err("other bits".into())),
    }
}

fn bits((gradient, loss): &(Array, Array)) -> Vec<u32> {
    gradient.to_f32().into_iter().chain(loss.to_f32()).map(f32::to_bits).collect()
}

fn rows_that_would_be_cut_are_walked_whole(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for shape in [&[3, 8200][..], &[2, 70_001], &[1, 70_001, 2]] {
        let case = Case::new(loss.header().id, shape, DType::I32);
        let inputs = case.inputs();
        let (_, want) = cpu::gradient_list(&case.term(&inputs), &[&inputs.operands[0].1]).unwrap();
        let (got, _) = gradient(gpu(), &case, true).unwrap();
        failures.note(&case, same(&got, &want[0]));
    }
    failures.raise();
}

fn what_would_be_read_too_late_is_refused() {
    let x = gpu().upload(&[0.5f32; 6], [2, 3]).unwrap();
    let t = gpu().upload(&[0.25f32; 6], [2, 3]).unwrap();
    let refused = |term: &wgloss::Term<Tensor>, gradients: Vec<Gradient>| {
        gpu().prepare(term, &Outputs { gradients, ..Outputs::default() }).map(drop).unwrap_err()
    };
    let overlaps = |of: &str, other: &str, error: Error| {
        let Error::OverlappingBuffers { output, other: overlapped, rule } = &error else { panic!("{error}") };
        assert_eq!((output.as_str(), overlapped.as_str()), (format!("gradient of {of}").as_str(), other));
        assert!(rule.is_some() && error.to_string().contains("a gradient in place needs an operand"), "{error}");
    };
    let in_place = |of: &Tensor| vec![Gradient::in_place(of)];
    let mse = Mse::default();
    // two losses of one prediction, a prediction that is also the target, a target, and a gradient that is added
    overlaps("input", "input", refused(&(mse.of(&x, &t) + mse.of(&x, &t)), in_place(&x)));
    overlaps("input", "target", refused(&mse.of(&x, &x), in_place(&x)));
    overlaps("target", "target", refused(&mse.of(&x, &t), in_place(&t)));
    overlaps("input", "input", refused(&mse.of(&x, &t), vec![Gradient::add(&x, &x)]));
    // rows that several lanes read several times
    overlaps("anchor", "anchor", refused(&TripletMargin::default().of(&x, &t, &t), in_place(&x)));
    // a row of more classes than a workgroup may go through in one dispatch: in place, a row can't be cut into chunks
    let long = gpu().empty([1, (1 << 19) + 1]).unwrap();
    let labels = gpu().upload(&[7i32], [1]).unwrap();
    overlaps("input", "input", refused(&CrossEntropy::default().of(&long, &labels), in_place(&long)));
    // the predictions of two losses may both be overwritten
    let y = gpu().upload(&[0.75f32; 6], [2, 3]).unwrap();
    let outputs = Outputs { gradients: vec![Gradient::in_place(&x), Gradient::in_place(&y)], ..Outputs::default() };
    let both = mse.of(&x, &t) + mse.of(&y, &t).reduce(Reduction::Sum);
    gpu().prepare(&both, &outputs).unwrap().run().unwrap();
    assert_eq!(x.read().wait().unwrap().to_f32(), [0.5 / 6.0; 6]);
    assert_eq!(y.read().wait().unwrap().to_f32(), [1.0; 6]);
}
