//! Metrics on the GPU give the counts of the twins: through every door, over batches, in slices, and with bad labels.

use crate::case::Door;
use crate::gpu;
use crate::harness::tests;
use crate::judge::Failures;
use crate::limits::bare_device;
use crate::pages::Pages;
use crate::predictions::{Call, calls, judge};
use crate::split::pair;
use libtest_mimic::Trial;
use wgloss::wgpu::Limits;
use wgloss::{Array, ClassAxis, DType, Error, Gpu, Operand, Predictions, Tensor, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        every_call_counts_what_the_definition_says,
        every_door_counts_the_same,
        many_logits_are_counted_in_slices,
        rows_of_very_many_classes,
        batches_add_up,
        bad_labels_are_reported_and_not_counted,
        the_first_of_many_bad_labels_is_reported,
        surplus_workgroups_do_nothing,
        a_bad_label_stays_until_the_counts_are_gone,
        what_is_added_has_the_classes_of_the_first,
        counts_are_no_operand_of_their_own,
        counts_are_a_tensor,
    ]
}

/// Counts both metrics, and compares them with the counts by the definition.
fn counted<T: wgloss::ToGpu>(gpu: &Gpu, call: &Call, operands: &[Array], on_gpu: &[T]) -> Result<(), String> {
    let predictions = call.predictions(on_gpu);
    let error = |error: Error| error.to_string();
    let accuracy = gpu.accuracy(&predictions).map_err(error)?.read().wait().map_err(error)?;
    let matrix = gpu.confusion_matrix(&predictions).map_err(error)?.read().wait().map_err(error)?;
    judge(&call.counts(operands), &matrix, &accuracy)
}

fn every_call_counts_what_the_definition_says() {
    let mut failures = Failures::default();
    for call in calls() {
        let operands = call.operands();
        failures.note(&call, counted(gpu(), &call, &operands, &operands));
    }
    failures.raise();
}

fn every_door_counts_the_same() {
    let mut failures = Failures::default();
    for (seed, call) in calls().into_iter().enumerate().step_by(5) {
        // the GPU has no f64
        let narrow = |array: Array| if array.dtype() == DType::F64 { array.cast(DType::F32) } else { array };
        let operands: Vec<Array> = call.operands().into_iter().map(narrow).collect();
        for door in [Door::Uploaded, Door::Wrapped, Door::OneBuffer] {
            let mut pages = Pages::new(gpu(), door, seed as u64);
            let places: Vec<usize> = operands.iter().map(|array| pages.reserve(array)).collect();
            let result = pages.fill().and_then(|()| {
                let tensors: Vec<Tensor> = places.iter().map(|place| pages.tensor(*place)).collect();
                let tensors: Vec<Tensor> = tensors
                    .into_iter()
                    .zip(&operands)
                    .map(|(tensor, array)| tensor.with_class_axis(Operand::class_axis(array)))
                    .collect();
                counted(gpu(), &call, &operands, &tensors)?;
                pages.read(&[]).map(drop)
            });
            failures.note(&(door, &call), result);
        }
    }
    failures.raise();
}

/// Bindings hold a megabyte, so rows, items whose classes lie far apart, and labels are walked in slices.
fn many_logits_are_counted_in_slices() {
    use crate::predictions::Input::{Labels, Logits};
    let call = |shape: &[usize], classes, input| Call {
        shape: shape.to_vec(),
        classes,
        input,
        labels: DType::I32,
        mask: Some(DType::U8),
        ignores: true,
        seed: 7,
    };
    let mut failures = Failures::default();
    for call in [
        call(&[9000], 50, Logits(DType::F32, ClassAxis::Second)),
        call(&[12, 4500], 9, Logits(DType::F32, ClassAxis::Second)),
        call(&[300, 3, 3], 150, Logits(DType::F32, ClassAxis::Second)),
        call(&[2, 90_000], 5, Logits(DType::F16, ClassAxis::Last)),
        call(&[600_000], 4, Labels(DType::I32)),
    ] {
        let operands = call.operands();
        for gpu in pair() {
            failures.note(&call, counted(gpu, &call, &operands, &operands));
        }
    }
    failures.raise();
}

/// The accuracy needs no matrix of this many classes.
fn rows_of_very_many_classes() {
    let classes = 70_001;
    let mut x = vec![0.5f32; 4 * classes];
    x[classes - 1] = 0.75;
    x[classes + 12_345] = f32::NAN;
    // of two equal logits the first counts
    x[3 * classes + 300] = 2.0;
    x[3 * classes + 70_000] = 2.0;
    for (labels, right) in [([classes as i32 - 1, 12_345, 0, 300], 3), ([0, 0, 1, 70_000], 0)] {
        let x = Array::new(&x, [4, classes]).unwrap();
        let predictions = Predictions::of(&x, &Array::new(&labels, [4]).unwrap());
        let got = gpu().accuracy(&predictions).unwrap().read().wait().unwrap();
        assert_eq!((got.right(), got.positions(), got.unpredicted()), (right, 4, 1));
        assert_eq!(got, cpu::accuracy(&predictions).unwrap());
    }
}

fn of_labels(predicted: &[i32], labels: &[i32]) -> Predictions<Array> {
    let array = |labels: &[i32]| Array::new(labels, [labels.len()]).unwrap();
    Predictions::of(&array(predicted), &array(labels)).classes(3)
}

fn batches_add_up() {
    let batches = [of_labels(&[0, 1, 2], &[0, 1, 1]), of_labels(&[2, 2], &[2, 0]), of_labels(&[], &[])];
    let mut counts = gpu().confusion_matrix(&batches[0]).unwrap();
    let mut accuracy = gpu().accuracy(&batches[0]).unwrap();
    let (mut want, mut want_accuracy) =
        (cpu::confusion_matrix(&batches[0]).unwrap(), cpu::accuracy(&batches[0]).unwrap());
    for batch in batches.iter().chain(&batches) {
        counts.add(batch).unwrap();
        accuracy.add(batch).unwrap();
        want.merge(&cpu::confusion_matrix(batch).unwrap()).unwrap();
        want_accuracy.merge(&cpu::accuracy(batch).unwrap()).unwrap();
    }
    assert_eq!(counts.read().wait().unwrap(), want);
    assert_eq!(accuracy.read().wait().unwrap(), want_accuracy);
    assert_eq!(want.positions(), 13);
}

/// Uploads integers without checking their values.
fn uploaded(labels: &[i64], dtype: DType) -> Tensor {
    gpu().upload_array(&Array::new(labels, [labels.len()]).unwrap().cast(dtype)).unwrap()
}

fn bad_labels_are_reported_and_not_counted() {
    let refused = |operand: &str, position, value, ignored| Error::LabelOutOfRange {
        loss: "confusion_matrix",
        operand: operand.into(),
        position,
        value,
        count: 4,
        ignored,
    };
    // more positions than a workgroup handles
    let many = 700;
    let good: Vec<i64> = (0..many).map(|k| k % 4).collect();
    let with = |bad: &[(usize, i64)]| {
        let mut labels = good.clone();
        bad.iter().for_each(|&(place, value)| labels[place] = value);
        labels
    };
    for (dtype, value) in [
        (DType::I32, -1),
        (DType::I32, 4),
        (DType::U8, 255),
        (DType::U32, i64::from(u32::MAX)),
        (DType::I64, i64::MIN),
        (DType::I64, (1 << 32) + 1),
    ] {
        for place in [0, 299, 699] {
            let bad = uploaded(&with(&[(699, value), (place, value)]), dtype);
            let fine = uploaded(&good, DType::U8);
            let counts = gpu().confusion_matrix(&Predictions::of(&fine, &bad).classes(4)).unwrap();
            let want = refused("target", place as u64, value, None);
            assert_eq!(counts.read().wait(), Err(want.clone()), "{dtype}");
            assert_eq!(counts.tensor().read().wait().map(drop), Err(want), "{dtype}");
            let counts = gpu().confusion_matrix(&Predictions::of(&bad, &fine).classes(4)).unwrap();
            assert_eq!(counts.read().wait(), Err(refused("input", place as u64, value, None)), "{dtype}");
        }
    }
    // `ignore_index` applies to targets, not to predictions; a masked position is not checked
    let predicted = uploaded(&with(&[(2, 9), (5, 7), (8, -1)]), DType::I32);
    let target = uploaded(&with(&[(2, 9), (600, 5)]), DType::I32);
    let mask = uploaded(&(0..many).map(|k| i64::from(k != 5)).collect::<Vec<_>>(), DType::U8);
    let predictions = Predictions::of(&predicted, &target).classes(4).ignore_index(9).mask(&mask);
    let counts = gpu().confusion_matrix(&predictions).unwrap();
    assert_eq!(counts.read().wait(), Err(refused("input", 8, -1, None)));
    let predictions = Predictions::of(&uploaded(&good, DType::I32), &target).classes(4).ignore_index(9);
    let counts = gpu().confusion_matrix(&predictions).unwrap();
    assert_eq!(counts.read().wait(), Err(refused("target", 600, 5, Some(9))));
}

/// Several bad labels for one lane, and in workgroups whose results one lane of the last kernel reads.
fn the_first_of_many_bad_labels_is_reported() {
    let positions = (256 << 16) + 1000;
    let mut labels = vec![0u8; positions];
    let bad = [(3 << 8, 9), (4 << 8, 8), (positions - 990, 7)];
    bad.iter().for_each(|&(place, label)| labels[place] = label);
    let target = gpu().upload(&labels, [positions]).unwrap();
    let predicted = gpu().upload(&vec![0u8; positions], [positions]).unwrap();
    let mut counts = gpu().accuracy(&Predictions::of(&predicted, &target).classes(2)).unwrap();
    let said = counts.read().wait().unwrap_err().to_string();
    assert_eq!(said, format!("accuracy: `target` holds 9 at position {}, expected 0..2", bad[0].0));
    // a position with a bad label or a bad prediction is counted in no cell
    let of = Predictions::of(&target, &predicted).classes(2);
    counts.add(&of).unwrap();
    let tensor = counts.tensor();
    let (buffer, offset) = tensor.buffer();
    let cells = gpu().wrap(buffer.slice(offset..offset + 12), [3], DType::U32).unwrap();
    assert_eq!(cells.read().wait().unwrap().to_f64(), [2.0 * (positions - 3) as f64, 0.0, 0.0]);
}

/// The grid has two dimensions, and may have more workgroups than the walk needs.
fn surplus_workgroups_do_nothing() {
    let limits = Limits { max_compute_workgroups_per_dimension: 9, ..gpu().device().limits() };
    let (device, queue) = bare_device(limits);
    let gpu = Gpu::from_wgpu(device, queue);
    for groups in 10..30 {
        let mut labels = vec![1i32; 256 * groups];
        let of = |labels: &[i32]| {
            let array = Array::new(labels, [labels.len()]).unwrap();
            gpu.upload_array(&array).unwrap()
        };
        let good = of(&labels);
        *labels.last_mut().unwrap() = -1;
        let got = gpu.accuracy(&Predictions::of(&good, &good).classes(2)).unwrap().read().wait().unwrap();
        assert_eq!((got.right(), got.positions()), (256 * groups as u32, 256 * groups as u32));
        let bad = gpu.accuracy(&Predictions::of(&good, &of(&labels)).classes(2)).unwrap().read().wait();
        let want = format!("accuracy: `target` holds -1 at position {}, expected 0..2", 256 * groups - 1);
        assert_eq!(bad.unwrap_err().to_string(), want, "{groups} workgroups");
    }
}

fn a_bad_label_stays_until_the_counts_are_gone() {
    let on_gpu = |labels: &[i64]| uploaded(labels, DType::I32);
    let of = |labels: &[i64]| Predictions::of(&on_gpu(&[0, 1, 0]), &on_gpu(labels)).classes(2);
    let mut counts = gpu().accuracy(&of(&[0, 0, 0])).unwrap();
    assert_eq!(counts.read().wait().unwrap().right(), 2);
    counts.add(&of(&[0, 7, 8])).unwrap();
    counts.add(&of(&[5, 0, 0])).unwrap();
    counts.add(&of(&[0, 1, 0])).unwrap();
    for _ in 0..2 {
        let said = counts.read().wait().unwrap_err().to_string();
        assert_eq!(said, "accuracy: `target` holds 7 at position 1, expected 0..2");
    }
}

fn what_is_added_has_the_classes_of_the_first() {
    let one = of_labels(&[0], &[0]);
    let mut counts = gpu().confusion_matrix(&one).unwrap();
    for (other, want) in [
        (one.clone().classes(4), "confusion_matrix: option `classes` is 4, expected 3, as the counts so far have"),
        (
            one.clone().ignore_index(1),
            "confusion_matrix: option `ignore_index` is 1, expected none, as the counts so far have",
        ),
    ] {
        assert_eq!(counts.add(&other).unwrap_err().to_string(), want);
    }
    let said = counts.add(&of_labels(&[0], &[3])).unwrap_err().to_string();
    assert_eq!(said, "confusion_matrix: `target` holds 3 at position 0, expected 0..3");
    assert_eq!(counts.read().wait().unwrap().positions(), 1, "nothing was counted");
}

fn counts_are_no_operand_of_their_own() {
    let mut counts = gpu().confusion_matrix(&of_labels(&[0], &[0])).unwrap();
    let own = Predictions::of(&counts.tensor(), &counts.tensor()).classes(3);
    let said = counts.add(&own).unwrap_err();
    assert_eq!(said.to_string(), "the output `counts` overlaps `input`");
}

fn counts_are_a_tensor() {
    let predictions = of_labels(&[0, 1, 2, 2], &[0, 1, 1, 2]);
    let counts = gpu().confusion_matrix(&predictions).unwrap().tensor();
    assert_eq!((counts.shape(), counts.dtype()), (&[3, 3][..], DType::U32));
    assert_eq!(counts.read().wait().unwrap().to_f64(), [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    let counts = gpu().accuracy(&predictions).unwrap().tensor();
    assert_eq!((counts.shape(), counts.dtype()), (&[3][..], DType::U32));
    assert_eq!(counts.read().wait().unwrap().to_f64(), [3.0, 1.0, 0.0]);
}
