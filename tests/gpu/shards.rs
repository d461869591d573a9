//! Shards of a whole: together they give the whole's value and gradients.

use crate::case::{Case, Floats};
use crate::chosen::{losses, named, of_each_family};
use crate::draw::{Rng, labels_of};
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::judge::Failures;
use crate::pieces::{self, like, slice};
use crate::samples::samples;
use crate::sharded::batch::adds_up;
use crate::sharded::merged::{classes, compare, compare_fused, spread};
use libtest_mimic::Trial;
use std::ops::Range;
use wgloss::header::Value;
use wgloss::{Array, ClassAxis, CrossEntropy, DType, Dice, Error, Extra, Loss, Mse, Nll, Reduction, SoftmaxFocal};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        rows_whose_classes_are_spread_are_whole_among_their_shards,
        a_loss_fused_with_that_of_regions_adds_up_beside_it,
        a_shard_without_a_softmax_leaves_none_to_the_whole,
        a_bad_label_shows_in_the_statistics_and_in_the_loss,
        statistics_go_where_they_are_wanted_and_are_refused_where_there_are_none,
    ];
    let regions = ["dice", "tversky", "generalized_dice"];
    tests.extend(tests_of![
        named(&regions);
        regions_of_a_batch_and_of_an_image_in_tiles_are_whole_among_their_shards
    ]);
    let means = losses(43, |loss| loss.header().reductions.contains(&Reduction::Mean) && loss.adds_up());
    tests.extend(tests_of![of_each_family(means); a_mean_adds_up_over_shards_of_its_batch]);
    tests
}

fn regions_of_a_batch_and_of_an_image_in_tiles_are_whole_among_their_shards(loss: &dyn Loss) {
    let (mut failures, id) = (Failures::default(), loss.header().id);
    let layouts = [
        (ClassAxis::Second, DType::F32),
        (ClassAxis::Last, DType::F32),
        (ClassAxis::Second, DType::F16),
        (ClassAxis::Second, DType::BF16),
    ];
    let targets = [DType::U8, DType::F32];
    for (target, (class_axis, floats)) in targets.into_iter().flat_map(|of| layouts.map(|layout| (of, layout))) {
        let (shape, tiles) = match class_axis {
            ClassAxis::Second => ([7, 5, 367], 2),
            ClassAxis::Last => ([7, 367, 5], 1),
        };
        let batch = vec![("batch", Value::Flag(true))];
        // without the option `batch`, shards of the batch add up without statistics
        for (options, axis, lengths) in [(batch, 0, &[1, 4, 2][..]), (vec![], tiles, &[300, 1, 66])] {
            for reduction in [Reduction::Mean, Reduction::None] {
                let mut case = Case { floats: Floats::All(floats), ..Case::new(id, &shape, target).with_all() };
                (case.setting.axis, case.reduction) = (class_axis, reduction);
                if target != DType::F32 {
                    case = case.option("ignore_index", Value::Number(3.0));
                }
                case.options.extend(options.clone());
                let mut inputs = case.inputs();
                failures.note(&(&case, axis), compare(gpu(), &spread(&case, &inputs, axis, lengths)));
                // a NaN makes its region NaN in whichever shard it lies, and no other region
                let input = inputs.operand("input");
                let mut numbers = input.to_f64();
                numbers[4 * 5 * 367 + 301] = f64::NAN;
                *input = like(input, &numbers, &shape);
                failures.note(&(&case, axis, "NaN"), compare(gpu(), &spread(&case, &inputs, axis, lengths)));
            }
        }
    }
    failures.raise();
}

fn a_loss_fused_with_that_of_regions_adds_up_beside_it() {
    let mut failures = Failures::default();
    for (options, target) in [
        (vec![], DType::U8),
        (vec![("z_loss", Value::Number(0.1)), ("label_smoothing", Value::Number(0.2))], DType::I64),
        (vec![("activation", Value::Name("sigmoid".into()))], DType::F32),
    ] {
        for (batch, axis, lengths) in [(true, 0, &[1, 4, 2][..]), (false, 2, &[300, 1, 66])] {
            let mut case = Case::new("dice_cross_entropy", &[7, 5, 367], target).with_all();
            case.options.extend([("batch", Value::Flag(batch))].into_iter().chain(options.clone()));
            failures.note(&(&case, axis), compare_fused(gpu(), &spread(&case, &case.inputs(), axis, lengths)));
        }
    }
    failures.raise();
}

/// Logits, some of them masked, and labels, some of them ignored.
fn logits(shape: &[usize], axis: ClassAxis, seed: u64) -> (Array, Array) {
    let mut rng = Rng::new(seed);
    let number = |rng: &mut Rng| if rng.once_in(9) { f32::NEG_INFINITY } else { 3.0 * rng.normal() as f32 };
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| number(&mut rng)).collect();
    let x = Array::new(&numbers, shape).unwrap().with_class_axis(axis);
    let mut positions = shape.to_vec();
    let classes = positions.remove(pieces::class_axis(&x));
    let label = |rng: &mut Rng| if rng.once_in(5) { -100 } else { rng.below(classes) as i64 };
    let labels: Vec<i64> = (0..positions.iter().product()).map(|_| label(&mut rng)).collect();
    (x, labels_of(&labels, DType::I64, &positions))
}

fn rows_whose_classes_are_spread_are_whole_among_their_shards() {
    let mut failures = Failures::default();
    for (shape, class_axis, dtype, lengths) in [
        (&[70, 37][..], ClassAxis::Second, DType::F32, &[5, 1, 31][..]),
        (&[70, 37], ClassAxis::Second, DType::BF16, &[5, 1, 31]),
        (&[3, 9, 41], ClassAxis::Second, DType::F32, &[4, 5]),
        // the shards have odd numbers of elements, so that some elements share a word
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
        let axis = pieces::class_axis(&x);
        let weight = draw(&[shape[axis]], |unit| unit);
        let keep = draw(t.shape(), |unit| 1.0 - (1.3 * unit).floor());
        let q = draw(shape, |unit| unit);
        // a share of the target at a masked class would make the loss infinite
        let finite: Vec<f64> = x.to_f64().iter().map(|x| x.max(-9.0)).collect();
        let (x, finite) = (x.cast(dtype), like(&x, &finite, shape).cast(dtype));
        let what = |name| (shape, class_axis, dtype, name);
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let z = CrossEntropy { z_loss: 0.1, ..Default::default() };
            let plain = |x: &Array, _: &Range<usize>| z.of(x, &t).reduce(reduction);
            failures.note(&what("plain"), compare(gpu(), &classes(plain, &x, lengths)));
            let smooth = CrossEntropy { label_smoothing: 0.2, ..z };
            let weighted = |x: &Array, range: &Range<usize>| {
                let term = smooth.of(x, &t).with(Extra::Weight, &slice(&weight, 0, range)).with(Extra::Mask, &keep);
                term.reduce(reduction).upstream(1.5)
            };
            failures.note(&what("weighted"), compare(gpu(), &classes(weighted, &finite, lengths)));
            let dense = |x: &Array, range: &Range<usize>| smooth.of(x, &slice(&q, axis, range)).reduce(reduction);
            failures.note(&what("dense"), compare(gpu(), &classes(dense, &finite, lengths)));
            let focal = |x: &Array, range: &Range<usize>| {
                SoftmaxFocal::default().of(x, &t).with(Extra::Alpha, &slice(&weight, 0, range)).reduce(reduction)
            };
            failures.note(&what("focal"), compare(gpu(), &classes(focal, &x, lengths)));
            let nll = |x: &Array, range: &Range<usize>| {
                let term = Nll::default().of(x, &t).with(Extra::Weight, &slice(&weight, 0, range));
                term.with(Extra::Mask, &keep).reduce(reduction).upstream(1.5)
            };
            failures.note(&what("nll"), compare(gpu(), &classes(nll, &x, lengths)));
        }
    }
    failures.raise();
}

fn a_shard_without_a_softmax_leaves_none_to_the_whole() {
    let mut failures = Failures::default();
    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut numbers: Vec<f32> = (0..24).map(|i| (i % 5) as f32).collect();
        // in the second row, all logits that are in the first shard
        numbers[8..12].fill(special);
        let x = Array::new(&numbers, [3, 8]).unwrap();
        let t = Array::new(&[1u8, 6, 2], [3]).unwrap();
        let term = |x: &Array, _: &Range<usize>| CrossEntropy::default().of(x, &t).reduce(Reduction::None);
        failures.note(&special, compare(gpu(), &classes(term, &x, &[4, 4])));
    }
    failures.raise();
}

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
    // peak, 3 for three other logits as great, no shares, the flag that the label is in this shard, its logit and weight
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

/// A loss that is a sum over its values needs only the denominator of the whole, which is the sum of the shards' own
/// denominators.
fn a_mean_adds_up_over_shards_of_its_batch(loss: &dyn Loss) {
    let case = Case::new(loss.header().id, samples(loss).batch, DType::I32).with_all();
    let mut failures = Failures::default();
    failures.note(&case, adds_up(gpu(), &case));
    failures.raise();
}
