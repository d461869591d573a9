//! Floats of 16 bits: each is read correctly from its word, each result is rounded correctly, and neighbouring elements are
//! not touched. Integers in the place of floats: masks, and targets of 0 and 1.

use crate::case::{Case, Door, Floats, Wanted};
use crate::chosen::{all, losses, of_each_family};
use crate::draw::FLOATS;
use crate::harness::{tests, tests_of};
use crate::judge::Failures;
use crate::pages::buffer_of;
use crate::samples::samples;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::custom::Leaf;
use wgloss::half::{bf16, f16};
use wgloss::header::{Domain, OperandSpec, Role};
use wgloss::{
    Array, BceWithLogits, CosineEmbedding, CrossEntropy, DType, Element, Gradient, InfoNce, L1, Loss, Mse,
    MultilabelSoftMargin, Outputs, Reduction, Tensor, Term, TripletMargin, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        every_half_is_read_as_what_it_is,
        every_float_is_written_as_the_nearest_half,
        masks_of_every_type_leave_out_what_is_zero,
        gradients_of_odd_lengths_leave_the_other_halves_of_their_words_alone,
        a_gradient_has_its_operands_dtype_or_f32_where_that_is_asked,
        a_gradient_of_several_places_is_rounded_once,
    ];
    tests.extend(tests![integers_are_read_as_what_they_are, a_scale_may_have_no_axis]);
    tests.extend(tests_of![of_each_family(losses(30, takes_integers)); masks_and_targets_of_integers]);
    tests.extend(tests_of![of_each_family(all()); odd_lengths, sixteen_bits_take_no_more_memory_than_they_are]);
    tests
}

/// Every number of 16 bits, including NaNs.
fn all_halves() -> impl Iterator<Item = u16> {
    0..=u16::MAX
}

/// Passes upstream gradients through a kernel into a gradient of type `E`. The loss is a squared error whose derivative is
/// 1, so the gradient is the upstream gradient, read and stored.
fn handed_through<E: Element>(upstream: &Tensor, half: E) -> Array {
    let x = gpu().upload(&vec![half; upstream.len()], upstream.shape()).unwrap();
    let t = gpu().upload(&vec![0.0f32; upstream.len()], upstream.shape()).unwrap();
    let term = Mse::default().of(&x, &t).reduce(Reduction::None).upstream(upstream);
    let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
    gradient.read().wait().unwrap()
}

/// Whether two numbers have equal bits. Any NaN equals any NaN, and 0 equals a number that is subnormal in f32, since WGSL
/// lets a driver flush those.
fn is(got: f32, want: f32) -> bool {
    got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()) || (want.is_subnormal() && got == 0.0)
}

/// Uploads every 16-bit number of a type, and compares what the kernel reads with `value`.
fn assert_decoded<E: Element>(of: fn(u16) -> E, value: fn(E) -> f32) {
    let numbers: Vec<E> = all_halves().map(of).collect();
    let decoded = handed_through(&gpu().upload(&numbers, [numbers.len()]).unwrap(), 0.5f32).to_f32();
    for (bits, (got, want)) in decoded.into_iter().zip(numbers.into_iter().map(value)).enumerate() {
        assert!(is(got, want), "{} of the bits {bits:#06x} is {got:e}, not {want:e}", E::DTYPE);
    }
}

/// Elements 0 and 3 are zero. The others are not zero, but easily taken for it.
fn masks_of_every_type_leave_out_what_is_zero() {
    let x = Array::new(&[0.5f32, -1.0, 2.0, 0.25, 3.0, -0.5, 1.5, 0.0, -2.0, 1.0], [5, 2]).unwrap();
    let t = Array::new(&[1i32, 0, 1, 1, 0], [5]).unwrap();
    let signs = Array::new(&[1.0f32, -1.0, 1.0, -1.0, 1.0], [5]).unwrap();
    let tiny = f16::from_bits(1);
    for mask in [
        Array::new(&[0.0f32, f32::from_bits(1), -1.0, -0.0, f32::NAN], [5]),
        Array::new(&[f16::ZERO, tiny, -tiny, f16::NEG_ZERO, f16::NAN], [5]),
        Array::new(&[bf16::ZERO, bf16::from_bits(1), bf16::NEG_ONE, bf16::NEG_ZERO, bf16::NAN], [5]),
        Array::new(&[0i32, 1, i32::MIN, 0, -1], [5]),
        Array::new(&[0u32, 1, 1 << 31, 0, u32::MAX], [5]),
        Array::new(&[0u8, 1, 128, 0, 255], [5]),
        Array::new(&[0i64, 1, 1 << 32, 0, i64::MIN], [5]),
    ] {
        let mask = mask.unwrap();
        for term in [
            CrossEntropy::default().of(&x, &t).mask(&mask),
            CosineEmbedding::default().of(&x, &x, &signs).mask(&mask),
            Mse::default().of(&signs, &signs).mask(&mask),
        ] {
            let each = gpu().value(&term.clone().reduce(Reduction::Sum)).unwrap().parts().wait().unwrap();
            let mean = gpu().value(&term).unwrap().parts().wait().unwrap();
            let twin = cpu::value(&term).unwrap();
            assert_eq!(mean[0].denominator, 3.0, "{} mask of {}", mask.dtype(), mean[0].name);
            assert!((each[0].sum - twin.parts()[0].sum).abs() < 1e-5, "{} {each:?} {twin:?}", mask.dtype());
        }
    }
}

fn every_half_is_read_as_what_it_is() {
    assert_decoded(f16::from_bits, f16::to_f32);
    assert_decoded(bf16::from_bits, bf16::to_f32);
}

/// Has the kernel write numbers as gradients of a type, and compares these with the nearest number of that type.
fn assert_encoded<E: Element>(one_half: E, numbers: Vec<f32>, nearest: fn(f32) -> f32) {
    let written = handed_through(&gpu().upload(&numbers, [numbers.len()]).unwrap(), one_half);
    assert_eq!(written.dtype(), E::DTYPE);
    for (number, got) in numbers.into_iter().zip(written.to_f32()) {
        assert!(is(got, nearest(number)), "{number:e} is written as {} {got:e}, not {:e}", E::DTYPE, nearest(number));
    }
}

/// Every number of 16 bits, the midpoint between it and the next, the neighbours of the midpoint, and extreme numbers.
fn every_float_is_written_as_the_nearest_half() {
    let ends = [f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-30, -1e-30];
    let around = |low: f32, middle: f32| [low, middle.next_down(), middle, middle.next_up()];
    let of_f16 = all_halves().flat_map(|bits| {
        let of = |bits| f16::from_bits(bits).to_f32();
        let (low, high) = (of(bits), of(bits.wrapping_add(1)));
        // f32 numbers from 65520 on round to infinity, as if 65536 came after the greatest f16
        let high = if high.is_infinite() { 65536f32.copysign(high) } else { high };
        around(low, (low + high) / 2.0)
    });
    assert_encoded(f16::from_f32(0.5), of_f16.chain(ends).collect(), |x| f16::from_f32(x).to_f32());
    let of_bf16 = all_halves().flat_map(|bits| {
        let of = |low: u32| f32::from_bits((u32::from(bits) << 16) + low);
        around(of(0), of(0x8000))
    });
    assert_encoded(bf16::from_f32(0.5), of_bf16.chain(ends).collect(), |x| bf16::from_f32(x).to_f32());
}

/// Operands and gradients of odd lengths lie side by side in one buffer, so that a word belongs to two of them, or to one
/// and the caller.
fn gradients_of_odd_lengths_leave_the_other_halves_of_their_words_alone() {
    const AROUND: u16 = 0x1234;
    for (dtype, of) in [
        (DType::F16, (|x| f16::from_f32(x).to_bits()) as fn(f32) -> u16),
        (DType::BF16, |x| bf16::from_f32(x).to_bits()),
    ] {
        for (lead, length) in [1, 3, 63, 65, 257].into_iter().flat_map(|length| [0, 1, 2, 3].map(|lead| (lead, length)))
        {
            // whole numbers that are exact in either type, as are the results
            let x: Vec<f32> = (0..length).map(|i| (i % 5) as f32).collect();
            let t: Vec<f32> = (0..length).map(|i| (i % 3) as f32).collect();
            let before: Vec<f32> = (0..length).map(|i| (i % 7) as f32).collect();
            let d = |sign: f32| x.iter().zip(&t).map(move |(x, t)| sign * 2.0 * (x - t));
            let page = |dx: Vec<f32>, dt: Vec<f32>| {
                let tensors = [&x, &t, &dx, &dt].into_iter().flatten().map(|&x| of(x));
                let around = |count| std::iter::repeat_n(AROUND, count);
                let even = (lead + 4 * length) % 2;
                around(lead).chain(tensors).chain(around(2 + even)).collect::<Vec<u16>>()
            };
            let buffer = buffer_of(gpu(), bytemuck::cast_slice(&page(before.clone(), before.clone())));
            let tensor = |k: usize| {
                let begin = 2 * (lead + k * length) as u64;
                gpu().wrap(buffer.slice(begin..begin + 2 * length as u64), [length], dtype).unwrap()
            };
            let (x_there, t_there, dx, dt) = (tensor(0), tensor(1), tensor(2), tensor(3));
            let whole = gpu().wrap(buffer.slice(..), [buffer.size() as usize / 4], DType::U32).unwrap();
            let term = Mse::default().of(&x_there, &t_there).reduce(Reduction::Sum);
            let run = |add: bool| {
                let gradient = |of, into| Gradient { add, ..Gradient::store(of, into) };
                let gradients = vec![gradient(&x_there, &dx), gradient(&t_there, &dt)];
                gpu().prepare(&term, &Outputs { gradients, ..Outputs::default() }).unwrap().run().unwrap();
                crate::pages::bytes_of(&whole.read().wait().unwrap())
            };
            let sum = |d: &mut dyn Iterator<Item = f32>| d.zip(&before).map(|(d, before)| d + before).collect();
            let added = page(sum(&mut d(1.0)), sum(&mut d(-1.0)));
            assert_eq!(run(true), bytemuck::cast_slice::<u16, u8>(&added), "{dtype}, {length} from {lead} on, added");
            let stored = page(d(1.0).collect(), d(-1.0).collect());
            assert_eq!(
                run(false),
                bytemuck::cast_slice::<u16, u8>(&stored),
                "{dtype}, {length} from {lead} on, stored"
            );
        }
    }
}

/// Lengths and rows that end inside a word give the twin's results. The shapes take f16, bf16 and mixed dtypes in turn.
fn odd_lengths(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let ways = [Floats::All(DType::F16), Floats::All(DType::BF16), Floats::Mixed].into_iter().cycle();
    for (k, (shape, floats)) in samples(loss).odd.iter().zip(ways).enumerate() {
        let target = if k % 2 == 0 { DType::I32 } else { DType::F32 };
        let case = Case::new(loss.header().id, shape, target).with_all();
        let wanted = if k % 2 == 0 { Wanted::Added } else { Wanted::Stored };
        let case = Case { floats, wanted, door: Door::OneBuffer, seed: k as u64, ..case };
        failures.note(&case, case.run(gpu()));
    }
    failures.raise();
}

fn a_gradient_has_its_operands_dtype_or_f32_where_that_is_asked() {
    // 2e-3 / 10^5 is 2e-8, less than half the smallest f16
    let numbers = vec![f16::from_f32(1e-3); 100_000];
    let x = gpu().upload(&numbers, [numbers.len()]).unwrap();
    let t = gpu().upload(&vec![0.0f32; numbers.len()], [numbers.len()]).unwrap();
    let term = Mse::default().of(&x, &t);
    let (_, [own, of_f32]) = gpu().gradients(&term, [&x, &t]).unwrap();
    assert_eq!((own.dtype(), of_f32.dtype()), (DType::F16, DType::F32));
    assert!(own.read().wait().unwrap().to_f32().iter().all(|d| *d == 0.0));
    let (_, [wide]) = gpu().gradients(&term, [&x.clone().f32_gradient()]).unwrap();
    let want = 2.0 * numbers[0].to_f32() / 1e5;
    let check = |wide: &Tensor| {
        assert_eq!(wide.dtype(), DType::F32);
        assert!(wide.read().wait().unwrap().to_f32().iter().all(|d| (d / want - 1.0).abs() < 1e-5));
    };
    check(&wide);
    // an operand on the host, and one that was uploaded from there
    let asked = Array::new(&numbers, [numbers.len()]).unwrap().f32_gradient();
    let host_t = Array::new(&vec![0.0f32; numbers.len()], [numbers.len()]).unwrap();
    let (_, [wide]) = gpu().gradients(&Mse::default().of(&asked, &host_t), [&asked]).unwrap();
    check(&wide);
    let uploaded = gpu().upload_array(&asked).unwrap();
    let (_, [wide]) = gpu().gradients(&Mse::default().of(&uploaded, &t), [&uploaded]).unwrap();
    check(&wide);
    // in a job, the tensor for the gradient decides
    let into = gpu().empty(x.shape()).unwrap();
    let gradients = vec![Gradient::store(&x, &into)];
    gpu().prepare(&term, &Outputs { gradients, ..Outputs::default() }).unwrap().run().unwrap();
    check(&into);
    assert_eq!(gpu().empty_like(&x).unwrap().dtype(), DType::F16);
}

/// Nothing is widened: with 16-bit operands a job takes as much memory as with f32.
fn sixteen_bits_take_no_more_memory_than_they_are(loss: &dyn Loss) {
    let gpu = fresh_gpu();
    let held = FLOATS.map(|dtype| {
        let case = Case::new(loss.header().id, &[16, 3, 1024], DType::I32).with_all();
        let case = Case { floats: Floats::All(dtype), ..case };
        let tensors = case.inputs().on(&mut |array| gpu.upload_array(array)).unwrap();
        let of = case.differentiated(&tensors);
        let into: Vec<Tensor> = of.iter().map(|of| gpu.empty_like(of).unwrap()).collect();
        let before = gpu.memory();
        let gradients = of.into_iter().zip(&into).map(|(of, into)| Gradient::store(of, into)).collect();
        let job = gpu.prepare(&case.term(&tensors), &Outputs { gradients, ..Outputs::default() }).unwrap();
        (job.workspace(), gpu.memory() - before)
    });
    assert!(held.iter().all(|other| *other == held[0]), "{}: {held:?}", loss.header().id);
}

/// The gradients of two parts cancel, and that of a third part remains. Stored separately, the two would overflow f16,
/// and their rounding to bf16 would hide the third. Then one part has an operand in two places.
fn a_gradient_of_several_places_is_rounded_once() {
    for dtype in [DType::F16, DType::BF16] {
        let stored = |numbers: &[f32], shape: &[usize]| {
            let array = crate::draw::stored_as(&Array::new(numbers, shape).unwrap(), dtype);
            gpu().upload_array(&array).unwrap()
        };
        let (x, t) = (stored(&[300.0, -2.5, 0.1], &[3]), stored(&[0.0; 3], &[3]));
        let squared = || Mse::default().of(&x, &t).reduce(Reduction::Sum);
        let term = 200.0 * squared() + -200.0 * squared() + L1::default().of(&x, &t).reduce(Reduction::Sum);
        let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
        assert_eq!(gradient.read().wait().unwrap().to_f32(), [1.0, -1.0, 1.0], "{dtype}");
        assert_eq!(gradient.dtype(), dtype);

        // the sum is not rounded between the parts either when it is added to a stored gradient
        let into = stored(&[0.5; 3], &[3]);
        let outputs = Outputs { gradients: vec![Gradient::add(&x, &into)], ..Outputs::default() };
        gpu().prepare(&term, &outputs).unwrap().run().unwrap().loss().wait().unwrap();
        assert_eq!(into.read().wait().unwrap().to_f32(), [1.5, -0.5, 1.5], "{dtype}");

        // more elements than a workgroup rounds at a time, and not a multiple of four
        let (n, width) = (331, 7);
        let rows =
            |from: usize| (from..from + n * width).map(|i| ((i * 37 % 101) as f32 - 50.0) / 16.0).collect::<Vec<_>>();
        let (x, y) = (stored(&rows(0), &[n, width]), stored(&rows(9), &[n, width]));
        let (_, [gradient]) = gpu().gradients(&TripletMargin::default().of(&y, &x, &x), [&x]).unwrap();
        assert!(gradient.read().wait().unwrap().to_f32().iter().all(|&d| d == 0.0), "{dtype}");

        // no element is left out: a new tensor is 0 where nothing is written
        let t = stored(&vec![0.0; n * width], &[n, width]);
        let squared = || Mse::default().of(&x, &t).reduce(Reduction::Sum);
        let term = 200.0 * squared() + -200.0 * squared() + L1::default().of(&x, &t).reduce(Reduction::Sum);
        let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
        let want: Vec<f32> = rows(0).iter().map(|&x| if x == 0.0 { 0.0 } else { x.signum() }).collect();
        assert_eq!(gradient.read().wait().unwrap().to_f32(), want, "{dtype}");
    }
}

/// The integer dtypes, with numbers that differ in each half and each byte of their words.
fn integers() -> [(DType, Vec<i64>); 4] {
    let (i32s, u32s) = ([i32::MIN.into(), i32::MAX.into()], [1 << 31, u32::MAX.into()]);
    let wide = [1 << 32, -1 << 32, i64::MIN, i64::MAX, (1 << 32) + 1, -(1 << 32) - 1, i64::from(i32::MIN) - 1];
    let small = [0, 1, 0, 2, 255];
    let signed = [&small[..], &[-1, 0, -256, 1 << 16, 1 << 24]].concat();
    [
        (DType::U8, [&small[..], &[128, 0, 64]].concat()),
        (DType::U32, [&small[..], &[1 << 8, 0, 1 << 16, 1 << 24], &u32s].concat()),
        (DType::I32, [&signed[..], &i32s].concat()),
        (DType::I64, [&signed[..], &i32s, &u32s, &wide].concat()),
    ]
}

/// An array of a dtype that repeats these numbers.
fn cycle(numbers: &[i64], dtype: DType, shape: &[usize]) -> Array {
    let numbers: Vec<i64> = numbers.iter().copied().cycle().take(shape.iter().product()).collect();
    Array::new(&numbers, shape).unwrap().cast(dtype)
}

/// At a logit of 0, the derivative of the binary cross-entropy is ½ minus the target.
fn integers_are_read_as_what_they_are() {
    for (dtype, numbers) in integers() {
        // lengths that are not multiples of a quad, and some that are; slices that begin inside a quad or a word
        for (length, lead) in [(1, 0), (63, 0), (64, 0), (64, 1), (64, 3), (65, 2), (256, 4), (260, 8)] {
            let size = dtype.size();
            let target = cycle(&numbers, dtype, &[length]);
            let mut bytes = vec![0xff; lead * size];
            bytes.extend(crate::pages::bytes_of(&target));
            bytes.resize(bytes.len().next_multiple_of(16), 0xff);
            let buffer = buffer_of(gpu(), &bytes);
            let slice = buffer.slice((lead * size) as u64..((lead + length) * size) as u64);
            let x = gpu().empty([1, length]).unwrap();
            let target_on_gpu = gpu().wrap(slice, [1, length], dtype).unwrap();
            let elements = BceWithLogits::new().of(&x, &target_on_gpu);
            let classes = MultilabelSoftMargin::new().of(&x, &target_on_gpu).divide_by(1.0 / length as f64);
            for term in [elements.reduce(Reduction::Sum), classes] {
                let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
                for (number, got) in target.to_f64().into_iter().zip(gradient.read().wait().unwrap().to_f64()) {
                    let want = 0.5 - number;
                    assert!(
                        (got - want).abs() <= 3e-7 * want.abs(),
                        "{dtype}, {length} from {lead}: {got}, not {want}"
                    );
                }
            }
        }
    }
}

fn takes_integers(loss: &dyn Loss) -> bool {
    loss.header().operands.iter().any(|spec| spec.integers || spec.role == Role::Mask)
}

/// Shapes with 63 to 65 elements, rows or positions, around the size of a subgroup.
fn edges(loss: &dyn Loss) -> Vec<Vec<usize>> {
    let around = |shape: fn(usize) -> Vec<usize>| (63..=65).map(shape);
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) => around(|n| vec![n]).chain(around(|n| vec![3, n])).collect(),
        Leaf::Vectors(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) => {
            around(|n| vec![n, 5]).collect()
        }
        _ => around(|n| vec![n, 3]).chain(around(|n| vec![2, 3, n])).chain(around(|n| vec![5, n])).collect(),
    }
}

/// The GPU computes with an integer as the twin does: in every dtype, at odd offsets of a buffer and uploaded.
fn masks_and_targets_of_integers(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let shapes: Vec<Vec<usize>> = edges(loss).into_iter().chain(samples(loss).odd.iter().map(|s| s.to_vec())).collect();
    // each shape gets one of the four dtypes in turn, since all four would compile four times as many kernels
    for (k, (shape, (dtype, numbers))) in shapes.iter().zip(integers().into_iter().cycle()).enumerate() {
        let target = if k % 3 == 0 { DType::F32 } else { DType::I32 };
        let door = if k % 5 < 3 { Door::OneBuffer } else { Door::Uploaded };
        let reduction = if k % 7 < 3 { Reduction::Sum } else { Reduction::Mean };
        let case = Case::new(loss.header().id, shape, target).with_all();
        let case = Case { door, reduction, seed: k as u64, ..case };
        let mut inputs = case.inputs();
        for spec in case.given().collect::<Vec<&OperandSpec>>() {
            let operand = inputs.operand(spec.name);
            if spec.role == Role::Mask {
                *operand = cycle(&numbers, dtype, operand.shape());
            } else if spec.integers {
                let signs = spec.domain == Domain::Sign && matches!(dtype, DType::I32 | DType::I64);
                *operand = cycle(if signs { &[1, -1, -1] } else { &[0, 1, 1] }, dtype, operand.shape());
            }
        }
        failures.note(&case, case.run_on(gpu(), &inputs));
    }
    failures.raise();
}

fn a_scale_may_have_no_axis() {
    let (q, k) = (crate::terms::numbers(1, &[5, 3]), crate::terms::numbers(2, &[5, 3]));
    let of = |shape: &[usize]| {
        let scale = Array::new(&[3.0f32], shape).unwrap();
        let term = |q: &Array, k: &Array| -> Term<Array> { InfoNce::new().of(q, k).logit_scale(&scale) };
        let (want, [want_d]) = cpu::gradients(&term(&q, &k), [&scale]).unwrap();
        let (got, [got_d]) = gpu().gradients(&term(&q, &k), [&scale]).unwrap();
        assert_eq!((got_d.shape(), want_d.shape()), (shape, shape));
        let got_d = got_d.read().wait().unwrap().to_f64();
        assert!((got_d[0] - want_d.to_f64()[0]).abs() < 1e-5, "{shape:?}");
        (got.loss().wait().unwrap(), want.loss().unwrap(), got_d)
    };
    assert_eq!(of(&[]), of(&[1]));
}
