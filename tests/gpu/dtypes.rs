//! Floats of 16 bits: every one of them taken out of its word, everything rounded into one, and nothing beside it touched.

use crate::case::{Case, Door, Floats, Wanted};
use crate::draw::{FLOATS, all};
use crate::harness::{tests, tests_of};
use crate::judge::Failures;
use crate::pages::buffer_of;
use crate::samples::samples;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::half::{bf16, f16};
use wgloss::{
    Array, CosineEmbedding, CrossEntropy, DType, Element, Extra, Gradient, L1, Loss, Mse, Outputs, Reduction, Tensor,
    TripletMargin, cpu,
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
    tests.extend(tests_of![all(); odd_lengths, sixteen_bits_take_no_more_memory_than_they_are]);
    tests
}

/// Every number that 16 bits hold, the NaNs among them.
fn all_halves() -> impl Iterator<Item = u16> {
    0..=u16::MAX
}

/// What the kernels make of upstream gradients: a squared error whose derivative is 1 hands them through as they are, to a
/// gradient of this type.
fn handed_through<E: Element>(upstream: &Tensor, half: E) -> Array {
    let x = gpu().upload(&vec![half; upstream.len()], upstream.shape()).unwrap();
    let t = gpu().upload(&vec![0.0f32; upstream.len()], upstream.shape()).unwrap();
    let term = Mse::default().of(&x, &t).reduce(Reduction::None).upstream(upstream);
    let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
    gradient.read().wait().unwrap()
}

/// Whether a number is another, to the bit: but any NaN may stand for any, and 0 for what f32 has only as a subnormal number,
/// which WGSL lets a driver flush.
fn is(got: f32, want: f32) -> bool {
    got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()) || (want.is_subnormal() && got == 0.0)
}

/// Uploads every number of a kind and compares what is read of it with what it is.
fn assert_decoded<E: Element>(of: fn(u16) -> E, value: fn(E) -> f32) {
    let numbers: Vec<E> = all_halves().map(of).collect();
    let decoded = handed_through(&gpu().upload(&numbers, [numbers.len()]).unwrap(), 0.5f32).to_f32();
    for (bits, (got, want)) in decoded.into_iter().zip(numbers.into_iter().map(value)).enumerate() {
        assert!(is(got, want), "{} of the bits {bits:#06x} is {got:e}, not {want:e}", E::DTYPE);
    }
}

/// Zeros at places 0 and 3, and the numbers of each type that are easily taken for zero.
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
            CrossEntropy::default().of(&x, &t).with(Extra::Mask, &mask),
            CosineEmbedding::default().of(&x, &x, &signs).with(Extra::Mask, &mask),
            Mse::default().of(&signs, &signs).with(Extra::Mask, &mask),
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

/// Has these numbers written as gradients of a kind, and compares what is written with what they round to.
fn assert_encoded<E: Element>(one_half: E, numbers: Vec<f32>, nearest: fn(f32) -> f32) {
    let written = handed_through(&gpu().upload(&numbers, [numbers.len()]).unwrap(), one_half);
    assert_eq!(written.dtype(), E::DTYPE);
    for (number, got) in numbers.into_iter().zip(written.to_f32()) {
        assert!(is(got, nearest(number)), "{number:e} is written as {} {got:e}, not {:e}", E::DTYPE, nearest(number));
    }
}

/// Every number that 16 bits hold, the middle between it and the next, the neighbours of the middle, and the ends.
fn every_float_is_written_as_the_nearest_half() {
    let ends = [f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-30, -1e-30];
    let around = |low: f32, middle: f32| [low, middle.next_down(), middle, middle.next_up()];
    let of_f16 = all_halves().flat_map(|bits| {
        let of = |bits| f16::from_bits(bits).to_f32();
        let (low, high) = (of(bits), of(bits.wrapping_add(1)));
        // beyond the greatest lies infinity, where another number would be
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

/// Operands and gradients of odd lengths side by side in one buffer, so that words belong to two of them, and to the caller.
fn gradients_of_odd_lengths_leave_the_other_halves_of_their_words_alone() {
    const AROUND: u16 = 0x1234;
    for (dtype, of) in [
        (DType::F16, (|x| f16::from_f32(x).to_bits()) as fn(f32) -> u16),
        (DType::BF16, |x| bf16::from_f32(x).to_bits()),
    ] {
        for (lead, length) in [1, 3, 63, 65, 257].into_iter().flat_map(|length| [0, 1, 2, 3].map(|lead| (lead, length)))
        {
            // whole numbers that either kind holds, and so does what is made of them
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

/// Lengths and rows that end inside a word give what the twin gives, in every dtype.
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
    // less than half the least f16: 2e-3 / 10^5 is 2e-8
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
    // from the host, and uploaded from there
    let asked = Array::new(&numbers, [numbers.len()]).unwrap().f32_gradient();
    let host_t = Array::new(&vec![0.0f32; numbers.len()], [numbers.len()]).unwrap();
    let (_, [wide]) = gpu().gradients(&Mse::default().of(&asked, &host_t), [&asked]).unwrap();
    check(&wide);
    let uploaded = gpu().upload_array(&asked).unwrap();
    let (_, [wide]) = gpu().gradients(&Mse::default().of(&uploaded, &t), [&uploaded]).unwrap();
    check(&wide);
    // and in a job by what it is given
    let into = gpu().empty(x.shape()).unwrap();
    let gradients = vec![Gradient::store(&x, &into)];
    gpu().prepare(&term, &Outputs { gradients, ..Outputs::default() }).unwrap().run().unwrap();
    check(&into);
    assert_eq!(gpu().empty_like(&x).unwrap().dtype(), DType::F16);
}

/// Nothing is widened: a call on 16 bits holds the memory that its f32 twin holds, less half of the tensors.
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

/// Two parts whose gradients overflow 16 bits apart and cancel together, a third that is left; and an operand that stands in two
/// places of one part.
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

        // what is there is not rounded between the parts either
        let into = stored(&[0.5; 3], &[3]);
        let outputs = Outputs { gradients: vec![Gradient::add(&x, &into)], ..Outputs::default() };
        gpu().prepare(&term, &outputs).unwrap().run().unwrap().loss().wait().unwrap();
        assert_eq!(into.read().wait().unwrap().to_f32(), [1.5, -0.5, 1.5], "{dtype}");

        // more than a workgroup rounds at a time, and no whole number of fours
        let (n, width) = (331, 7);
        let rows =
            |from: usize| (from..from + n * width).map(|i| ((i * 37 % 101) as f32 - 50.0) / 16.0).collect::<Vec<_>>();
        let (x, y) = (stored(&rows(0), &[n, width]), stored(&rows(9), &[n, width]));
        let (_, [gradient]) = gpu().gradients(&TripletMargin::default().of(&y, &x, &x), [&x]).unwrap();
        assert!(gradient.read().wait().unwrap().to_f32().iter().all(|&d| d == 0.0), "{dtype}");

        // and none of them is left out: a fresh tensor is 0 where nobody writes
        let t = stored(&vec![0.0; n * width], &[n, width]);
        let squared = || Mse::default().of(&x, &t).reduce(Reduction::Sum);
        let term = 200.0 * squared() + -200.0 * squared() + L1::default().of(&x, &t).reduce(Reduction::Sum);
        let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
        let want: Vec<f32> = rows(0).iter().map(|&x| if x == 0.0 { 0.0 } else { x.signum() }).collect();
        assert_eq!(gradient.read().wait().unwrap().to_f32(), want, "{dtype}");
    }
}
