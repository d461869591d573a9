//! Walks over more than a binding holds: in pieces, with the bits of the whole.

use crate::case::Case;
use crate::common::follows_another;
use crate::judge::Failures;
use crate::limits::bare_device;
use crate::{fresh_gpu, gpu};
use wgloss::wgpu::Limits;
use wgloss::{
    Array, ClassAxis, CrossEntropy, DType, Dice, Gpu, Leaf, Loss, Mse, Reduction, Result, Tensor, Term, all, cpu,
};

/// A GPU whose bindings hold so little that everything is walked in pieces.
fn narrow_gpu(bytes: u64) -> Gpu {
    let limits = Limits { max_storage_buffer_binding_size: bytes, ..gpu().device().limits() };
    let (device, queue) = bare_device(limits);
    Gpu::from_wgpu(device, queue)
}

/// Shapes of several bindings, where the loss's family is walked in pieces.
fn shapes(loss: &dyn Loss) -> &'static [(&'static [usize], ClassAxis)] {
    use ClassAxis::{Last, Second};
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) => &[(&[701, 1003], Second), (&[1501, 401], Second)],
        Leaf::Vectors(_) => &[(&[5003, 67], Second), (&[7, 40_001], Second)],
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => {
            // rows of few classes and of many, cut rows, pixels, pixels whose classes lie together, and items that no
            // binding holds
            &[
                (&[25_003, 21], Second),
                (&[300, 1003], Second),
                (&[9, 70_001], Second),
                (&[17, 21, 36, 48], Second),
                (&[3, 61, 25, 80], Last),
                (&[2, 40, 96, 96], Second),
                (&[2, 40, 91, 97], Second),
            ]
        }
        Leaf::Region(_) => &[(&[7, 5, 96, 96], Second), (&[9, 93, 93, 4], Last)],
        Leaf::Similarity(_) | Leaf::Linear(_) | Leaf::Gram(_) | Leaf::Composite(_) => &[],
    }
}

/// The bits of a term's loss and gradients.
fn bits(gpu: &Gpu, term: &Term<Array>, of: &[&Array]) -> Result<Vec<Vec<u32>>> {
    let (outcome, gradients) = gpu.gradient_list(term, of)?;
    let all = std::iter::once(outcome.tensor().read()).chain(gradients.iter().map(Tensor::read));
    all.map(|read| Ok(read.wait()?.to_f32().into_iter().map(f32::to_bits).collect())).collect()
}

#[test]
fn what_is_walked_in_pieces_has_the_bits_of_the_whole() {
    let (whole, narrow) = (fresh_gpu(), narrow_gpu(1 << 20));
    let mut failures = Failures::default();
    for loss in all().into_iter().filter(|loss| !follows_another(&**loss)) {
        for (&(shape, axis), reduction) in shapes(&*loss).iter().zip([Reduction::Mean, Reduction::None].iter().cycle())
        {
            let mut case = Case::new(loss.header().id, shape, DType::I32).with_all();
            case.setting.axis = axis;
            let case = Case { reduction: *reduction, ..case };
            let inputs = case.inputs();
            let [whole, pieces] =
                [&whole, &narrow].map(|gpu| bits(gpu, &case.term(&inputs), &case.differentiated(&inputs)));
            let result = match (whole, pieces) {
                (Ok(whole), Ok(pieces)) if whole == pieces => Ok(()),
                (Ok(_), Ok(_)) => Err("the bits differ".into()),
                (whole, pieces) => Err(format!("{:?} {:?}", whole.err(), pieces.err())),
            };
            failures.note(&case, result);
        }
    }
    failures.raise();
}

#[test]
fn a_walk_in_pieces_takes_more_dispatches() {
    let dispatches = |gpu: &Gpu| {
        let [x, t] = [1.0, 2.0].map(|_| gpu.empty([100_000]).unwrap());
        gpu.prepare(&Mse::default().of(&x, &t), &Default::default()).unwrap().dispatches()
    };
    assert_eq!((dispatches(gpu()), dispatches(&narrow_gpu(1 << 16))), (2, 9));
}

/// 300 MB of logits, where a binding of lavapipe's holds 128 MiB.
#[test]
fn three_hundred_megabytes() {
    let (rows, classes) = (75_000, 1000);
    let logits = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 12) as f32 / 65_536.0 - 8.0;
    let x = Array::new(&(0..rows * classes).map(logits).collect::<Vec<f32>>(), [rows, classes]).unwrap();
    let labels = Array::new(&(0..rows).map(|i| (i * 7 % classes) as i32).collect::<Vec<_>>(), [rows]).unwrap();
    let loss = CrossEntropy::default();
    let (want, [want_gradient]) = cpu::gradients(&loss.of(&x, &labels), [&x]).unwrap();
    let (got, [gradient]) = gpu().gradients(&loss.of(&x, &labels), [&x]).unwrap();
    let (got, want) = (f64::from(got.loss().wait().unwrap()), want.loss().unwrap());
    // a mean of 75,000 losses of some roundings each
    assert!((got - want).abs() <= 1e-6 * want, "{got}, the twin's {want}");
    let (got, want) = (gradient.read().wait().unwrap().to_f32(), want_gradient.to_f32());
    let most = want.iter().fold(0.0f32, |most, d| most.max(d.abs()));
    let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-6 * most, "a gradient is off by {worst}, the greatest is {most}");
}

#[test]
fn what_cannot_be_cut_is_refused_with_both_numbers() {
    let narrow = narrow_gpu(1 << 16);
    // regions look at all classes of a position again and again: one item of more than a binding holds
    let x = narrow.empty([1, 4, 100, 100]).unwrap();
    let labels: Tensor = narrow.upload(&vec![0i32; 10_000], [1, 100, 100]).unwrap();
    let refused = narrow.value(&Dice::default().of(&x, &labels)).map(drop).unwrap_err().to_string();
    assert!(refused.contains("61440") && refused.contains("`x0`"), "{refused}");
}
