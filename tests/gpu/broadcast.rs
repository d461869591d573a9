//! Weights are broadcast as in PyTorch, and give the same results as when they are expanded.

use crate::draw::{FLOATS, Rng, number, stored_as};
use crate::gpu;
use crate::harness::tests;
use crate::judge::{self, Failures};
use libtest_mimic::Trial;
use wgloss::header::Domain;
use wgloss::{Array, BceWithLogits, Extra, Mse, Reduction, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        weights_are_broadcast_by_trailing_axes,
        an_item_may_have_one_sample_weight,
        more_axes_than_a_kernel_goes_through_are_refused
    ]
}

/// The shapes of a prediction and of a weight that broadcasts to it.
const SHAPES: [(&[usize], &[usize]); 12] = [
    (&[5, 7], &[7]),
    (&[5, 7], &[1]),
    (&[5, 7], &[]),
    (&[5, 7], &[5, 1]),
    (&[2, 3, 4, 5], &[3, 1, 1]),
    (&[2, 3, 4, 5], &[2, 1, 4, 1]),
    (&[2, 3, 4, 5], &[2, 1, 4, 5]),
    (&[2, 3, 4, 5], &[1, 3, 4, 5]),
    (&[2, 3, 4, 5], &[4, 5]),
    (&[0, 3], &[3]),
    (&[3, 8200], &[8200]),
    (&[9001, 2], &[9001, 1]),
];

fn drawn(rng: &mut Rng, domain: Domain, shape: &[usize]) -> Array {
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| number(domain, rng)).collect();
    Array::new(&numbers, shape).unwrap()
}

/// Expands a tensor to the shape that it is broadcast to.
fn expanded(array: &Array, to: &[usize]) -> Array {
    let shape = [&vec![1; to.len() - array.shape().len()][..], array.shape()].concat();
    let numbers = array.to_f64();
    let number = |element: usize| {
        let (mut rest, mut stride, mut place) = (element, 1, 0);
        for (&own, &length) in shape.iter().zip(to).rev() {
            place += if own == 1 { 0 } else { rest % length * stride };
            (rest, stride) = (rest / length, stride * own);
        }
        numbers[place]
    };
    Array::new(&(0..to.iter().product()).map(number).collect::<Vec<_>>(), to).unwrap().cast(array.dtype())
}

/// Makes a term from two weights.
type Make<'a> = &'a dyn Fn(&Array, &Array) -> Term<Array>;

fn weights_are_broadcast_by_trailing_axes() {
    let (mut rng, mut failures) = (Rng::new(31), Failures::default());
    for (place, (shape, own)) in SHAPES.into_iter().enumerate() {
        let dtype = FLOATS[place % FLOATS.len()];
        let mut draw = |domain, shape: &[usize]| stored_as(&drawn(&mut rng, domain, shape), dtype);
        let (x, t) = (draw(Domain::Real, shape), draw(Domain::Probability, shape));
        let [weight, other, samples] = [own, own, shape].map(|shape| draw(Domain::Positive, shape));
        let mask = draw(Domain::Binary, shape);
        let bce = |weight: &Array, other: &Array| {
            BceWithLogits::default().of(&x, &t).with(Extra::Weight, weight).with(Extra::PosWeight, other).mask(&mask)
        };
        let mse = |weight: &Array, _: &Array| Mse::default().of(&x, &t).weight(weight).sample_weight(&samples);
        let terms: [Make<'_>; 2] = [&bce, &mse];
        for (term, reduction) in terms.into_iter().flat_map(|term| Reduction::VALUES.iter().map(move |r| (term, *r))) {
            let short = term(&weight, &other).reduce(reduction);
            let long = term(&expanded(&weight, shape), &expanded(&other, shape)).reduce(reduction);
            let want = judge::Given::by_twin(cpu::gradient_list(&long, &[&x]).unwrap());
            let twin = judge::Given::by_twin(cpu::gradient_list(&short, &[&x]).unwrap());
            failures.note(&("twin", shape, own, reduction), twin.judge(&want));
            let on_gpu = judge::Given::by_gpu(gpu(), &short, &[&x]).map_err(|error| error.to_string());
            failures.note(&("GPU", shape, own, reduction), on_gpu.and_then(|got| got.judge(&want)));
        }
    }
    failures.raise();
}

/// Shapes with one element an item, few, many, and more than one workgroup handles.
const ITEMS: [&[usize]; 6] = [&[5, 7], &[4, 1], &[2, 3, 4, 5], &[3, 8200], &[9001, 2], &[0, 3]];

fn an_item_may_have_one_sample_weight() {
    let (mut rng, mut failures) = (Rng::new(37), Failures::default());
    for (place, shape) in ITEMS.into_iter().enumerate() {
        let dtype = FLOATS[place % FLOATS.len()];
        let mut draw = |domain, shape: &[usize]| stored_as(&drawn(&mut rng, domain, shape), dtype);
        let (x, t, weight) = (draw(Domain::Real, shape), draw(Domain::Real, shape), draw(Domain::Positive, shape));
        let (items, mask) = (draw(Domain::Positive, &shape[..1]), draw(Domain::Binary, shape));
        let column = [&shape[..1], &vec![1; shape.len() - 1]].concat();
        let written_out = expanded(&Array::new(&items.to_f32(), column).unwrap(), shape).cast(dtype);
        let upstream = draw(Domain::Real, shape);
        for reduction in Reduction::VALUES {
            let term = |samples: &Array| {
                let term =
                    Mse::default().of(&x, &t).weight(&weight).mask(&mask).sample_weight(samples).reduce(*reduction);
                // the upstream gradient of each value is multiplied by its sample weight
                if *reduction == Reduction::None { term.upstream(&upstream) } else { term }
            };
            let want = judge::Given::by_twin(cpu::gradient_list(&term(&written_out), &[&x]).unwrap());
            let twin = judge::Given::by_twin(cpu::gradient_list(&term(&items), &[&x]).unwrap());
            failures.note(&("twin", shape, reduction), twin.judge(&want));
            let on_gpu = judge::Given::by_gpu(gpu(), &term(&items), &[&x]).map_err(|error| error.to_string());
            failures.note(&("GPU", shape, reduction), on_gpu.and_then(|got| got.judge(&want)));
        }
    }
    failures.raise();
}

/// A weight that is broadcast along every second of 17 axes, which is refused on both devices alike.
fn more_axes_than_a_kernel_goes_through_are_refused() {
    let [whole, apart]: [Vec<usize>; 2] = [vec![2; 17], (0..17).map(|axis| 1 + (axis + 1) % 2).collect()];
    let (x, w) = (Array::new(&vec![0.5f32; 1 << 17], whole).unwrap(), Array::new(&[1.0f32; 512], apart).unwrap());
    let term = Mse::default().of(&x, &x).weight(&w);
    let (on_cpu, on_gpu) = (cpu::value(&term).unwrap_err(), gpu().value(&term).unwrap_err());
    assert_eq!(on_cpu, on_gpu);
    assert!(on_cpu.to_string().contains("axes of `weight`"), "{on_cpu}");
}
