//! Pieces of a whole: what they come to together is what the whole comes to, value and gradients.

use crate::case::{Case, Floats, Inputs};
use crate::draw::{Rng, all, has, labels_of};
use crate::gpu;
use crate::judge::{Failures, close, same};
use std::ops::Range;
use wgloss::{
    Array, ClassAxis, CrossEntropy, DType, Dice, Error, Extra, Gradient, Leaf, Mse, Operand, Outputs, Reduction, Role,
    SoftmaxFocal, Term, Value, cpu,
};

/// An array of other numbers, stored and laid out as this one is.
fn like(array: &Array, numbers: &[f64], shape: &[usize]) -> Array {
    Array::new(numbers, shape).unwrap().cast(array.dtype()).with_class_axis(array.class_axis())
}

/// The axis of an array that its classes lie along.
fn class_axis(array: &Array) -> usize {
    if array.class_axis() == ClassAxis::Last { array.shape().len() - 1 } else { 1 }
}

/// The part of an array that lies in a range of an axis.
fn slice(array: &Array, axis: usize, range: &Range<usize>) -> Array {
    let shape = array.shape();
    let (length, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let places: Vec<usize> = (0..array.len()).filter(|at| range.contains(&(at / inner % length))).collect();
    let shape = [&shape[..axis], &[range.len()], &shape[axis + 1..]].concat();
    let all = array.to_f64();
    like(array, &places.iter().map(|&at| all[at]).collect::<Vec<_>>(), &shape)
}

/// Arrays side by side along an axis: what [`slice`] takes apart.
fn join(arrays: &[Array], axis: usize) -> Array {
    let mut shape = arrays[0].shape().to_vec();
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    shape[axis] = arrays.iter().map(|array| array.shape()[axis]).sum();
    let numbers: Vec<Vec<f64>> = arrays.iter().map(Array::to_f64).collect();
    let joined = (0..outer).flat_map(|i| {
        let rows = arrays.iter().zip(&numbers);
        rows.flat_map(move |(array, numbers)| {
            let row = array.shape()[axis] * inner;
            numbers[i * row..(i + 1) * row].to_vec()
        })
    });
    like(&arrays[0], &joined.collect::<Vec<_>>(), &shape)
}

/// Arrays along a new first axis, in f32, as they come from other devices.
fn stack(arrays: &[Array]) -> Array {
    let numbers: Vec<f32> = arrays.iter().flat_map(Array::to_f32).collect();
    Array::new(&numbers, [&[arrays.len()], arrays[0].shape()].concat()).unwrap()
}

/// Ranges of these lengths, one after the other.
fn ranges(lengths: &[usize]) -> Vec<Range<usize>> {
    let mut end = 0;
    lengths.iter().map(|length| (end, end += length).0..end).collect()
}

/// A whole, and the pieces that it is spread in along an axis of its input.
struct Spread {
    whole: Term<Array>,
    input: Array,
    pieces: Vec<(Term<Array>, Array)>,
    axis: usize,
}

/// The gradient of a piece where its input was.
fn in_place(term: &Term<Array>, input: &Array) -> Result<Array, Error> {
    let there = gpu().upload_array(input)?;
    let term = term.map(|array| if array.is(input) { Ok(there.clone()) } else { gpu().upload_array(array) })?;
    let gradients = vec![Gradient::in_place(&there)];
    gpu().prepare(&term, &Outputs { gradients, ..Outputs::default() })?.run()?;
    there.read().wait()
}

/// Compares what the pieces come to with the whole: on the CPU, on the GPU, and each with the statistics of the other.
fn compare(spread: &Spread) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (whole, [d]) = cpu::gradients(&spread.whole, [&spread.input]).map_err(text)?;
    let by_twin: Vec<Array> = spread.pieces.iter().map(|(term, _)| cpu::statistics(term).unwrap()).collect();
    let by_gpu = spread.pieces.iter().map(|(term, _)| gpu().statistics(term)?.read().wait());
    let by_gpu: Vec<Array> = by_gpu.collect::<Result<_, _>>().map_err(text)?;
    for (name, all) in [("the twin's", stack(&by_twin)), ("the GPU's", stack(&by_gpu))] {
        let (mut on_cpu, mut on_gpu, mut there) = (Vec::new(), Vec::new(), Vec::new());
        for (term, input) in &spread.pieces {
            let term = term.clone().among(&all);
            let (outcome, [d]) = cpu::gradients(&term, [input]).map_err(text)?;
            close(&outcome.tensor().to_f64(), &whole.tensor().to_f64()).map_err(|e| format!("{name}, twin: {e}"))?;
            on_cpu.push(d);
            let (outcome, [d]) = gpu().gradients(&term, [input]).map_err(text)?;
            let loss = outcome.tensor().read().wait().map_err(text)?;
            close(&loss.to_f64(), &whole.tensor().to_f64()).map_err(|e| format!("{name}, GPU: {e}"))?;
            on_gpu.push(d.read().wait().map_err(text)?);
            // of 16 bits two elements share a word
            if input.dtype() == DType::F32 {
                there.push(in_place(&term, input).map_err(text)?);
            }
        }
        same(&join(&on_cpu, spread.axis), &d).map_err(|e| format!("{name}, the twin's gradient: {e}"))?;
        same(&join(&on_gpu, spread.axis), &d).map_err(|e| format!("{name}, the GPU's gradient: {e}"))?;
        if !there.is_empty() {
            same(&join(&there, spread.axis), &d).map_err(|e| format!("{name}, the gradient in place: {e}"))?;
        }
    }
    Ok(())
}

/// A case spread over pieces of its items or positions, which all its operands follow but a weight for each class.
fn spread(case: &Case, inputs: &Inputs<Array>, axis: usize, lengths: &[usize]) -> Spread {
    let loss = case.loss();
    let piece = |range: &Range<usize>| {
        let mut pieces = inputs.on(&mut |array| Ok::<Array, ()>(array.clone())).unwrap();
        for (name, array) in &mut pieces.operands {
            let role = loss.header().operand(name).unwrap().role;
            // labels have no class axis
            let labels = array.shape().len() < case.setting.shape.len();
            let axis = axis - usize::from(labels && axis > class_axis(&inputs.operands[0].1));
            if role != Role::PerClass {
                *array = slice(array, axis, range);
            }
        }
        let input = pieces.operands[0].1.clone();
        (case.term(&pieces), input)
    };
    Spread {
        whole: case.term(inputs),
        input: inputs.operands[0].1.clone(),
        pieces: ranges(lengths).iter().map(piece).collect(),
        axis,
    }
}

#[test]
fn regions_of_a_batch_and_of_an_image_in_tiles_are_whole_among_their_pieces() {
    let mut failures = Failures::default();
    let layouts = [
        (ClassAxis::Second, DType::F32),
        (ClassAxis::Last, DType::F32),
        (ClassAxis::Second, DType::F16),
        (ClassAxis::Second, DType::BF16),
    ];
    let ids = ["dice", "tversky", "generalized_dice"];
    let targets = ids.iter().flat_map(|id| [DType::U8, DType::F32].map(|target| (*id, target)));
    for ((id, target), (class_axis, floats)) in targets.flat_map(|of| layouts.map(|layout| (of, layout))) {
        let (shape, tiles) = match class_axis {
            ClassAxis::Second => ([7, 5, 367], 2),
            ClassAxis::Last => ([7, 367, 5], 1),
        };
        let batch = vec![("batch", Value::Flag(true))];
        for (options, axis, lengths) in [(batch, 0, &[1, 4, 2][..]), (vec![], tiles, &[300, 1, 66])] {
            // of the items of a batch that are summed each by itself, pieces add up and need no statistics
            if axis == 0 && id == "generalized_dice" {
                continue;
            }
            for reduction in [Reduction::Mean, Reduction::None] {
                let mut case = Case { floats: Floats::All(floats), ..Case::new(id, &shape, target).with_all() };
                (case.setting.axis, case.reduction) = (class_axis, reduction);
                if target != DType::F32 && id != "generalized_dice" {
                    case = case.option("ignore_index", Value::Number(3.0));
                }
                case.options.extend(options.clone());
                let mut inputs = case.inputs();
                failures.note(&(&case, axis), compare(&spread(&case, &inputs, axis, lengths)));
                // a NaN makes its region unknown in whatever piece it lies, and no other
                let input = inputs.operand("input");
                let mut numbers = input.to_f64();
                numbers[4 * 5 * 367 + 301] = f64::NAN;
                *input = like(input, &numbers, &shape);
                failures.note(&(&case, axis, "NaN"), compare(&spread(&case, &inputs, axis, lengths)));
            }
        }
    }
    failures.raise();
}

/// Rows of a softmax in pieces of their classes.
fn classes(term: impl Fn(&Array, &Range<usize>) -> Term<Array>, input: &Array, lengths: &[usize]) -> Spread {
    let axis = class_axis(input);
    let count = input.shape()[axis];
    let piece = |range: Range<usize>| {
        let input = slice(input, axis, &range);
        (term(&input, &range).classes_from(range.start, count), input)
    };
    Spread {
        whole: term(input, &(0..count)),
        input: input.clone(),
        pieces: ranges(lengths).into_iter().map(piece).collect(),
        axis,
    }
}

/// Logits of which some are masked, and labels of which some are ignored.
fn logits(shape: &[usize], axis: ClassAxis, seed: u64) -> (Array, Array) {
    let mut rng = Rng::new(seed);
    let number = |rng: &mut Rng| if rng.once_in(9) { f32::NEG_INFINITY } else { 3.0 * rng.normal() as f32 };
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| number(&mut rng)).collect();
    let x = Array::new(&numbers, shape).unwrap().with_class_axis(axis);
    let mut positions = shape.to_vec();
    let classes = positions.remove(class_axis(&x));
    let label = |rng: &mut Rng| if rng.once_in(5) { -100 } else { rng.below(classes) as i64 };
    let labels: Vec<i64> = (0..positions.iter().product()).map(|_| label(&mut rng)).collect();
    (x, labels_of(&labels, DType::I64, &positions))
}

#[test]
fn rows_whose_classes_are_spread_are_whole_among_their_pieces() {
    let mut failures = Failures::default();
    for (shape, class_axis, dtype, lengths) in [
        (&[70, 37][..], ClassAxis::Second, DType::F32, &[5, 1, 31][..]),
        (&[70, 37], ClassAxis::Second, DType::BF16, &[5, 1, 31]),
        (&[3, 9, 41], ClassAxis::Second, DType::F32, &[4, 5]),
        // pieces of an odd number of elements, of which one is half a word
        (&[3, 9, 41], ClassAxis::Second, DType::F16, &[4, 5]),
        (&[3, 41, 9], ClassAxis::Last, DType::F32, &[4, 5]),
        (&[3, 41, 9], ClassAxis::Last, DType::BF16, &[4, 5]),
        (&[3, 20_000], ClassAxis::Second, DType::F32, &[9000, 8192, 2808]),
        (&[3, 20_000], ClassAxis::Second, DType::F16, &[9001, 8192, 2807]),
        (&[2, 7], ClassAxis::Second, DType::F32, &[7]),
        (&[0, 7], ClassAxis::Second, DType::F32, &[3, 4]),
    ] {
        let (x, t) = logits(shape, class_axis, 11);
        let mut rng = Rng::new(3);
        let mut draw = |shape: &[usize], of: fn(f64) -> f64| {
            let numbers: Vec<f64> = (0..shape.iter().product()).map(|_| of(rng.unit())).collect();
            Array::new(&numbers, shape).unwrap().cast(DType::F32)
        };
        let axis = self::class_axis(&x);
        let weight = draw(&[shape[axis]], |unit| unit);
        let keep = draw(t.shape(), |unit| 1.0 - (1.3 * unit).floor());
        let q = draw(shape, |unit| unit);
        // of masked classes a share would be infinitely surprising
        let finite: Vec<f64> = x.to_f64().iter().map(|x| x.max(-9.0)).collect();
        let (x, finite) = (x.cast(dtype), like(&x, &finite, shape).cast(dtype));
        let what = |name| (shape, class_axis, dtype, name);
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let z = CrossEntropy { z_loss: 0.1, ..Default::default() };
            let plain = |x: &Array, _: &Range<usize>| z.of(x, &t).reduce(reduction);
            failures.note(&what("plain"), compare(&classes(plain, &x, lengths)));
            let smooth = CrossEntropy { label_smoothing: 0.2, ..z };
            let weighted = |x: &Array, range: &Range<usize>| {
                let term = smooth.of(x, &t).with(Extra::Weight, &slice(&weight, 0, range)).with(Extra::Mask, &keep);
                term.reduce(reduction).upstream(1.5)
            };
            failures.note(&what("weighted"), compare(&classes(weighted, &finite, lengths)));
            let dense = |x: &Array, range: &Range<usize>| smooth.of(x, &slice(&q, axis, range)).reduce(reduction);
            failures.note(&what("dense"), compare(&classes(dense, &finite, lengths)));
            let focal = |x: &Array, range: &Range<usize>| {
                SoftmaxFocal::default().of(x, &t).with(Extra::Alpha, &slice(&weight, 0, range)).reduce(reduction)
            };
            failures.note(&what("focal"), compare(&classes(focal, &x, lengths)));
        }
    }
    failures.raise();
}

#[test]
fn a_piece_without_a_softmax_leaves_none_to_the_whole() {
    let mut failures = Failures::default();
    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut numbers: Vec<f32> = (0..24).map(|i| (i % 5) as f32).collect();
        // in the second row all that the first piece has
        numbers[8..12].fill(special);
        let x = Array::new(&numbers, [3, 8]).unwrap();
        let t = Array::new(&[1u8, 6, 2], [3]).unwrap();
        let term = |x: &Array, _: &Range<usize>| CrossEntropy::default().of(x, &t).reduce(Reduction::None);
        failures.note(&special, compare(&classes(term, &x, &[4, 4])));
    }
    failures.raise();
}

#[test]
fn a_bad_label_shows_in_the_statistics_and_in_the_loss() {
    let x = gpu().upload(&[0.5f32; 12], [3, 4]).unwrap();
    let labels = gpu().upload(&[5i32, 12, 0], [3]).unwrap();
    let term = CrossEntropy::default().of(&x, &labels).classes_from(4, 12);
    let statistics = gpu().statistics(&term).unwrap();
    let refused = Error::LabelOutOfRange {
        loss: "cross_entropy",
        operand: "target".into(),
        position: 1,
        value: 12,
        count: 12,
        ignored: Some(-100),
    };
    assert_eq!(statistics.read().wait().unwrap_err(), refused);
    let all = gpu().empty([3, 3, 8]).unwrap();
    let term = term.among(&all);
    assert_eq!(gpu().value(&term).unwrap().loss().wait().unwrap_err(), refused);
    let dice = Dice::default().of(&x, &gpu().upload(&[5i32, 3, 0], [3]).unwrap());
    assert_eq!(gpu().statistics(&dice).unwrap().read().wait().unwrap_err().kind(), "label_out_of_range");
}

#[test]
fn statistics_go_where_they_are_wanted_and_are_refused_where_there_are_none() {
    let x = gpu().upload(&[0.5f32; 12], [3, 4]).unwrap();
    let labels = gpu().upload(&[3i32, 1, 0], [3]).unwrap();
    let term = CrossEntropy::default().of(&x, &labels).classes_from(0, 9);
    let log = gpu().empty([2, 3, 8]).unwrap();
    let (buffer, offset) = log.buffer();
    let second = gpu().wrap(buffer.slice(offset + 96..offset + 192), [3, 8], DType::F32).unwrap();
    let outcome = gpu().prepare_statistics(&term, &second).unwrap().run().unwrap();
    assert_eq!(outcome.loss().wait().unwrap_err().kind(), "invalid_option");
    assert_eq!(outcome.tensor().shape(), [3, 8]);
    let written = log.read().wait().unwrap().to_f32();
    assert_eq!(written[..24], [0.0; 24]);
    // peak, three others as great, no shares, the flag of a label that is found here, its logit and weight
    assert_eq!(written[24..32], [0.5, 3.0, 0.0, 0.0, 0.0, 4.0, 0.5, 1.0]);
    let kind = |refused: Result<wgloss::Job, Error>| refused.map(drop).unwrap_err().kind();
    assert_eq!(kind(gpu().prepare_statistics(&term, &gpu().empty([3, 7]).unwrap())), "shape_mismatch");
    assert_eq!(kind(gpu().prepare_statistics(&term, &gpu().empty([12, 2]).unwrap())), "shape_mismatch");
    let own = gpu().wrap(x.buffer().0.slice(..), [12], DType::F32).unwrap();
    let small =
        CrossEntropy::default().of(&gpu().upload(&[0.5f32], [1, 1]).unwrap(), &gpu().upload(&[0i32], [1]).unwrap());
    let overlapping = gpu().upload(&[0.5f32; 8], [1, 8]).unwrap();
    let itself = CrossEntropy::default().of(&overlapping, &gpu().upload(&[0i32], [1]).unwrap());
    assert_eq!(kind(gpu().prepare_statistics(&itself, &overlapping)), "overlapping_buffers");
    assert_eq!(gpu().statistics(&small).unwrap().shape(), [1, 8]);
    assert_eq!(gpu().statistics(&Mse::default().of(&own, &own)).unwrap_err().kind(), "invalid_option");
}

/// Of losses that are sums over their values a piece needs no more than the whole's denominator, which is the sum of the
/// pieces' own.
#[test]
fn every_loss_with_a_mean_adds_up_over_pieces_of_its_batch() {
    let (mut failures, mut tried) = (Failures::default(), 0);
    for loss in all().into_iter().filter(|loss| loss.header().reductions.contains(&Reduction::Mean)) {
        // a batch that is its own negatives comes in rows against all of it
        if matches!(loss.leaf(), Leaf::Similarity(_)) {
            continue;
        }
        let shape: &[usize] = if has(&*loss, Role::Classes) { &[9, 4, 5] } else { &[9, 6] };
        let case = Case::new(loss.header().id, shape, DType::I32).with_all();
        failures.note(&case, adds_up(&case));
        tried += 1;
    }
    assert!(tried > 35, "{tried} losses");
    failures.raise();
}

fn adds_up(case: &Case) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (loss, whole) = (case.loss(), case.inputs());
    // operands that every item has a part of; the others are the same for all
    let shared = |name: &str| {
        let roles = [Role::PerClass, Role::Table, Role::Column, Role::Scale, Role::Shift, Role::Projection];
        let role = loss.header().operand(name).unwrap().role;
        roles.contains(&role) || role == Role::PerProjection
    };
    let pieces: Vec<_> = ranges(&[1, 6, 2])
        .iter()
        .map(|range| {
            let mut piece = case.inputs();
            for (_, array) in piece.operands.iter_mut().filter(|(name, _)| !shared(name)) {
                *array = slice(array, 0, range);
            }
            piece
        })
        .collect();
    let (outcome, gradients) = cpu::gradient_list(&case.term(&whole), &case.differentiated(&whole)).map_err(text)?;
    let parts = |term: &Term<Array>| gpu().value(term)?.parts().wait();
    let mut own = Vec::new();
    for piece in &pieces {
        own.push(parts(&case.term(piece)).map_err(text)?);
    }
    // each part's sums and denominators add up to the whole's
    let total = |k: usize, of: fn(&wgloss::PartOutcome) -> f64| own.iter().map(|parts| of(&parts[k])).sum::<f64>();
    let mut denominators = Vec::new();
    for (k, part) in outcome.parts().iter().enumerate() {
        close(&[total(k, |part| part.sum)], &[part.sum]).map_err(|e| format!("sum of {}: {e}", part.name))?;
        close(&[total(k, |part| part.denominator)], &[part.denominator]).map_err(|e| format!("denominator: {e}"))?;
        denominators.push(part.denominator);
    }
    if denominators.iter().any(|denominator| *denominator != denominators[0]) {
        return Ok(());
    }
    let (mut value, mut of_pieces) = (0.0, Vec::new());
    for piece in &pieces {
        let term = case.term(piece).divide_by(denominators[0] as f32);
        let (outcome, gradients) = gpu().gradient_list(&term, &case.differentiated(piece)).map_err(text)?;
        value += f64::from(outcome.loss().wait().map_err(text)?);
        let read = gradients.iter().map(|gradient| gradient.read().wait());
        of_pieces.push(read.collect::<Result<Vec<Array>, _>>().map_err(text)?);
    }
    close(&[value], &[outcome.loss().map_err(text)?])?;
    let specs = case.given().filter(|spec| spec.gradient);
    for (k, (spec, want)) in specs.zip(&gradients).enumerate() {
        let of_spec: Vec<Array> = of_pieces.iter().map(|gradients| gradients[k].clone()).collect();
        let got = match shared(spec.name) {
            true => {
                let sum =
                    of_spec.iter().map(Array::to_f64).reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
                Array::new(&sum.unwrap(), want.shape()).unwrap()
            }
            false => join(&of_spec, 0),
        };
        same(&got, want).map_err(|e| format!("gradient of {}: {e}", spec.name))?;
    }
    Ok(())
}
