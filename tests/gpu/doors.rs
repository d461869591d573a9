//! The three doors: arrays on the host, uploaded tensors, and slices of the caller's own buffers.

use crate::case::{Case, Door, ScaleGiven};
use crate::chosen::{all, of_each_family};
use crate::harness::{tests, tests_of};
use crate::judge::Failures;
use crate::pages::buffer_of;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::wgpu::{self, BufferUsages};
use wgloss::{Array, CrossEntropy, DType, Gpu, Loss, Mse, Operand, Reduction, Tensor};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        what_the_caller_writes_after_wrapping_is_seen_and_wrapping_copies_nothing,
        a_slice_may_begin_at_any_element_and_end_where_its_buffer_ends,
        slices_that_do_not_fit_are_refused,
        uploads_say_what_they_hold,
        a_tensor_is_written_anew_and_nothing_beside_it,
    ];
    tests.extend(tests_of![of_each_family(all()); every_door_gives_the_same_bits]);
    tests
}

fn loss_of(gpu: &Gpu, x: &Tensor, t: &Tensor) -> f32 {
    gpu.value(&Mse::default().of(x, t).reduce(Reduction::Sum)).unwrap().loss().wait().unwrap()
}

fn every_door_gives_the_same_bits(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for &reduction in loss.header().reductions {
        let shape: &[usize] = if reduction == Reduction::SequenceMean { &[63, 67] } else { &[3, 21, 67] };
        let case = Case::new(loss.header().id, shape, DType::I32).with_all();
        let case = Case { reduction, upstream: ScaleGiven::Tensor, ..case };
        let given = [Door::Host, Door::Uploaded, Door::Wrapped, Door::OneBuffer].map(|door| {
            let case = Case { door, ..case.clone() };
            let (got, _) = case.both(gpu(), &case.inputs()).unwrap().unwrap();
            let bits = |array: &Array| array.to_f32().into_iter().map(f32::to_bits).collect::<Vec<_>>();
            (bits(&got.tensor), got.gradients.iter().map(bits).collect::<Vec<_>>())
        });
        let same = given.iter().all(|other| *other == given[0]);
        failures.note(&case, if same { Ok(()) } else { Err("the doors differ".into()) });
    }
    failures.raise();
}

fn what_the_caller_writes_after_wrapping_is_seen_and_wrapping_copies_nothing() {
    let gpu = fresh_gpu();
    let t = gpu.upload(&[0.0f32; 3], [3]).unwrap();
    let buffer = buffer_of(&gpu, bytemuck::cast_slice(&[9.0f32, 1.0, 2.0, 3.0, 9.0]));
    let before = gpu.memory();
    let x = gpu.wrap(buffer.slice(4..16), [3], DType::F32).unwrap();
    assert_eq!(gpu.memory(), before, "a wrapped buffer is the caller's");
    assert_eq!(x.buffer(), (&buffer, 4));
    assert_eq!(loss_of(&gpu, &x, &t), 14.0);
    gpu.queue().write_buffer(&buffer, 4, bytemuck::cast_slice(&[3.0f32, 4.0, 0.0]));
    assert_eq!(loss_of(&gpu, &x, &t), 25.0);
    assert_eq!(x.read().wait().unwrap().to_f32(), [3.0, 4.0, 0.0]);
    // the caller may drop the buffer: the tensor has its own handle
    drop(buffer);
    assert_eq!(loss_of(&gpu, &x, &t), 25.0);
}

fn a_slice_may_begin_at_any_element_and_end_where_its_buffer_ends() {
    let gpu = gpu();
    for lead in 0..70 {
        let mut numbers = vec![f32::NAN; lead];
        numbers.extend([1.0, 2.0, 3.0]);
        let buffer = buffer_of(gpu, bytemuck::cast_slice(&numbers));
        let x = gpu.wrap(buffer.slice(4 * lead as u64..), [3], DType::F32).unwrap();
        let t = gpu.upload(&[0.0f32; 3], [3]).unwrap();
        assert_eq!(loss_of(gpu, &x, &t), 14.0, "from element {lead}");
        // u8 labels may begin inside a word
        let mut labels = vec![0xff; lead];
        labels.extend([0u8, 1, 0]);
        labels.resize(labels.len().next_multiple_of(4), 0xff);
        let buffer = buffer_of(gpu, &labels);
        let labels = gpu.wrap(buffer.slice(lead as u64..lead as u64 + 3), [3], DType::U8).unwrap();
        assert_eq!(labels.read().wait().unwrap().to_f64(), [0.0, 1.0, 0.0]);
        let x = gpu.upload(&[0.0f32; 6], [3, 2]).unwrap();
        let loss = gpu.value(&CrossEntropy::default().of(&x, &labels)).unwrap().loss().wait().unwrap();
        assert!((loss - 2f32.ln()).abs() < 1e-6, "from byte {lead}: {loss}");
        // an empty slice at the buffer's end
        let end = buffer.size();
        let none = gpu.wrap(buffer.slice(end..end), [0, 2], DType::F32).unwrap();
        assert_eq!(loss_of(gpu, &none, &none), 0.0);
        assert!(none.read().wait().unwrap().is_empty());
    }
}

fn slices_that_do_not_fit_are_refused() {
    let gpu = gpu();
    let buffer = buffer_of(gpu, &[0; 64]);
    let refused = |slice: wgpu::BufferSlice<'_>, shape: &[usize], dtype| {
        gpu.wrap(slice, shape, dtype).map(drop).unwrap_err().kind()
    };
    assert_eq!(refused(buffer.slice(..), &[15], DType::F32), "shape_mismatch");
    assert_eq!(refused(buffer.slice(..), &[17], DType::F32), "shape_mismatch");
    assert_eq!(refused(buffer.slice(..), &[usize::MAX, 2], DType::F32), "shape_mismatch");
    assert_eq!(refused(buffer.slice(2..6), &[1], DType::F32), "invalid_operand");
    assert_eq!(refused(buffer.slice(4..12), &[1], DType::I64), "invalid_operand");
    assert_eq!(refused(buffer.slice(..), &[8], DType::F64), "unsupported_dtype");
    let other = |size, usage| {
        gpu.device().create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    assert_eq!(refused(other(64, BufferUsages::COPY_DST).slice(..), &[16], DType::F32), "invalid_operand");
    // a shader reads whole words, so it could not read the last two bytes
    let odd = other(6, BufferUsages::STORAGE);
    assert_eq!(refused(odd.slice(..), &[6], DType::U8), "invalid_operand");
    assert!(gpu.wrap(odd.slice(..4), [4], DType::U8).is_ok());
    // without COPY_SRC a tensor can be used but not read
    let unread = gpu.wrap(odd.slice(..4), [1], DType::F32).unwrap();
    assert_eq!(unread.read().wait().unwrap_err().kind(), "invalid_operand");
    // a tensor that is longer than a binding is walked in slices
    let limit = gpu.device().limits().max_storage_buffer_binding_size;
    if limit.saturating_add(4) <= gpu.device().limits().max_buffer_size {
        let large = other(limit + 4, BufferUsages::STORAGE);
        assert!(gpu.wrap(large.slice(..), [(limit / 4 + 1) as usize], DType::F32).is_ok());
    }
}

fn uploads_say_what_they_hold() {
    let gpu = gpu();
    let shape = |elements: &[f32], shape: &[usize]| gpu.upload(elements, shape).map(drop).unwrap_err().kind();
    assert_eq!(shape(&[0.0; 3], &[2, 2]), "shape_mismatch");
    assert_eq!(shape(&[0.0; 3], &[]), "shape_mismatch");
    // f64 is rounded to f32, and its gradient is f32
    let third = gpu.upload(&[1.0f64 / 3.0], [1]).unwrap();
    assert_eq!((third.dtype(), third.read().wait().unwrap().to_f32()), (DType::F32, vec![1.0f32 / 3.0]));
    let (x, t) = (Array::new(&[1.0f64], [1]).unwrap(), Array::new(&[0.5f64], [1]).unwrap());
    let (outcome, [gradient]) = gpu.gradients(&Mse::default().of(&x, &t).upstream(&t), [&x]).unwrap();
    assert_eq!((outcome.loss().wait().unwrap(), gradient.dtype()), (0.25, DType::F32));
    assert_eq!(gradient.read().wait().unwrap().to_f32(), [0.5]);
    assert_eq!(gpu.upload(&[true, false], [2]).unwrap().dtype(), DType::U8);
    let x = gpu.upload(&[1.0f32, 2.0], [2, 1]).unwrap();
    assert_eq!((x.shape(), x.dtype(), x.len(), x.is_empty()), (&[2usize, 1][..], DType::F32, 2, false));
    assert_eq!(gpu.upload(&[-1i64, 5], [2]).unwrap().dtype(), DType::I32);
    assert_eq!(gpu.upload(&[-1i64, 5], [2]).unwrap().read().wait().unwrap().to_f64(), [-1.0, 5.0]);
    let scalar = gpu.upload(&[3.0f32], []).unwrap();
    assert_eq!((loss_of(gpu, &scalar, &gpu.empty([]).unwrap()), scalar.shape().len()), (9.0, 0));
    assert_eq!(gpu.empty([5]).unwrap().read().wait().unwrap().to_f32(), [0.0; 5]);
    // uploads and reads keep the class axis
    let last = Array::new(&[0.0f32; 6], [1, 2, 3]).unwrap().class_axis_last();
    let tensor = gpu.upload_array(&last).unwrap();
    assert_eq!(Operand::class_axis(&tensor), wgloss::ClassAxis::Last);
    assert_eq!(Operand::class_axis(&tensor.read().wait().unwrap()), wgloss::ClassAxis::Last);
}

fn a_tensor_is_written_anew_and_nothing_beside_it() {
    let gpu = gpu();
    let t = gpu.upload(&[0.0f32; 3], [3]).unwrap();
    let x = gpu.upload(&[1.0f32, 2.0, 3.0], [3]).unwrap();
    x.write(&[3.0f32, 4.0, 0.0]).unwrap();
    assert_eq!(loss_of(gpu, &x, &t), 25.0);
    // bytes that don't fill a word, in the library's memory and in the caller's
    let labels = gpu.upload(&[0u8, 1, 1], [3]).unwrap();
    labels.write(&[1u8, 0, 1]).unwrap();
    assert_eq!(labels.read().wait().unwrap().to_f64(), [1.0, 0.0, 1.0]);
    let buffer = buffer_of(gpu, &[9; 16]);
    let slice = |from, to| gpu.wrap(buffer.slice(from..to), [(to - from) as usize], DType::U8).unwrap();
    slice(4, 12).write(&[5u8; 8]).unwrap();
    for (from, to) in [(5, 8), (5, 9), (4, 7)] {
        let bytes = vec![0u8; (to - from) as usize];
        assert_eq!(slice(from, to).write(&bytes).unwrap_err().kind(), "invalid_operand", "{from}..{to}");
    }
    let after = slice(0, 16).read().wait().unwrap().to_f64();
    assert_eq!(after, [[9.0; 4], [5.0; 4], [5.0; 4], [9.0; 4]].concat());
    // writes with a wrong shape or dtype
    assert_eq!(x.write(&[0.0f32; 2]).unwrap_err().kind(), "shape_mismatch");
    assert_eq!(x.write(&[0i32; 3]).unwrap_err().kind(), "unsupported_dtype");
    // a write narrows the dtypes that an upload narrows
    x.write(&[3.0f64, 4.0, 0.0]).unwrap();
    assert_eq!(loss_of(gpu, &x, &t), 25.0);
    labels.write(&[false, true, false]).unwrap();
    assert_eq!(labels.read().wait().unwrap().to_f64(), [0.0, 1.0, 0.0]);
    let wide = gpu.upload(&[0i64, 1], [2]).unwrap();
    wide.write(&[-1i64, 5]).unwrap();
    assert_eq!(wide.read().wait().unwrap().to_f64(), [-1.0, 5.0]);
    let said = wide.write(&[0, 1i64 << 31]).unwrap_err().to_string();
    assert_eq!(said, "write: `elements` holds i64, expected i32, or i64 if every element fits i32");
    assert_eq!(wide.read().wait().unwrap().to_f64(), [-1.0, 5.0]);
    gpu.empty([0]).unwrap().write::<f32>(&[]).unwrap();
}
