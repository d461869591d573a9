//! What cannot be computed is refused at the call, with a typed error. The device still works afterwards.

use crate::harness::tests;
use crate::on_burn::numbers;
use crate::{autodiff, device, own_device, setup};
use burn::tensor::wgpu::WgpuSetup;
use burn::tensor::{DType, Device, DeviceKind, Int, Tensor, TensorData, capture, read_sync};
use libtest_mimic::Trial;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wgloss::{CrossEntropy, Dice, Extra, InfoNce, L1, Mse, Reduction, wgpu};
use wgloss_burn::{BurnLoss, BurnTerm, Error, gpu, register};

pub fn tests() -> Vec<Trial> {
    #[allow(unused_mut, reason = "without fusion nothing is queued")]
    let mut tests = tests![
        what_a_loss_refuses,
        what_only_a_plan_refuses,
        what_only_burn_can_ask_for,
        tensors_of_other_devices,
        a_loss_is_refused_while_burn_captures_a_graph,
        a_lost_device_fails_its_own_reads,
        a_label_out_of_range_is_reported_and_ignored,
        a_bad_label_is_reported_of_its_own_run,
    ];
    #[cfg(feature = "fusion")]
    tests.extend(tests![what_fails_in_the_queue_is_an_error_of_the_read]);
    tests
}

fn floats<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::ones(shape, &autodiff())
}

fn labels(labels: &[i32]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &autodiff())
}

/// Asserts that the device still computes.
#[track_caller]
fn works() {
    let loss = Mse::default().loss((floats([2, 3]), floats([2, 3]) * 3.0)).unwrap();
    assert_eq!(numbers(loss), [4.0]);
}

fn what_a_loss_refuses() {
    let x = || floats([2, 3]);
    let t = || labels(&[0, 1]);
    for (refused, words) in [
        (CrossEntropy::default().loss((x(), labels(&[0]))), "cross_entropy: `target` has shape [1], expected [2]"),
        (CrossEntropy::default().loss((t(), t())), "cross_entropy: `input` holds i32, expected floats"),
        (CrossEntropy::default().loss((x(),)), "cross_entropy: operand `target` is missing"),
        (
            CrossEntropy::default().loss((x(), t(), x())),
            "cross_entropy: operand `surplus` is not one that this loss takes",
        ),
        (
            CrossEntropy { label_smoothing: 2.0, ..Default::default() }.loss((x(), t())),
            "cross_entropy: option `label_smoothing` is 2, expected a number in [0, 1]",
        ),
        (
            CrossEntropy::default().term((x(), t())).with(Extra::Weight, &floats([3]).require_grad().into()).loss(),
            "cross_entropy: operand `weight` has no gradient; detach it, if it is a constant",
        ),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Loss(_)), "{error:?}");
        assert!(error.to_string().starts_with(words), "{error}");
    }
    works();
}

fn what_only_burn_can_ask_for() {
    let x = || floats([2, 3]);
    let term = || Mse::default().term((x(), x()));
    let none = || term().reduce(Reduction::None);
    for (refused, want) in [
        (none().loss().err(), Error::OtherShape { loss: vec![2, 3], call: "losses" }),
        (none().loss_and_report().err(), Error::OtherShape { loss: vec![2, 3], call: "losses" }),
        (none().losses::<3>().err(), Error::OtherShape { loss: vec![2, 3], call: "losses::<its rank>" }),
        (term().losses::<2>().err(), Error::OtherShape { loss: vec![], call: "loss" }),
        (term().upstream(2.0).loss().err(), Error::OwnUpstream),
        (
            (0..7).map(|_| term()).reduce(|sum, term| sum + term).unwrap().loss().err(),
            Error::TooManyOperands { given: 14, most: 12 },
        ),
    ] {
        let error = refused.expect("it is refused");
        assert_eq!(error, want, "{error}");
    }
    let checkpointed = device().clone().autodiff().gradient_checkpointing();
    let error = Mse::default().loss((x(), Tensor::<2>::ones([2, 3], &checkpointed))).unwrap_err();
    assert_eq!(error, Error::SeveralStrategies);
    let small = Tensor::<1, Int>::from_data(TensorData::new(vec![0i16, 1], [2]), (device(), DType::I16));
    let error = CrossEntropy::default().loss((x(), small)).unwrap_err();
    assert_eq!(error, Error::UnsupportedDtype { got: DType::I16 });
    works();
}

fn tensors_of_other_devices() {
    let on = |device: &Device| Tensor::<2>::ones([2, 3], device);
    // Burn makes this device when it is first used, so that it is never registered
    let lazy = Device::wgpu(DeviceKind::Cpu);
    let error = Mse::default().loss((on(&lazy), on(&lazy))).unwrap_err();
    assert!(matches!(&error, Error::NotRegistered { device } if device.contains("Cpu")), "{error:?}");
    assert!(error.to_string().contains("wgloss_burn::init"), "{error}");
    let error = Mse::default().loss((on(device()), on(&lazy))).unwrap_err();
    assert!(matches!(error, Error::SeveralDevices { .. }), "{error:?}");
    for flex in [Device::flex(), Device::flex().autodiff()] {
        let error = Mse::default().loss((on(&flex), on(&flex))).unwrap_err();
        assert!(matches!(&error, Error::OtherBackend { device } if device.contains("Flex")), "{error:?}");
        assert!(matches!(register(&flex, setup()), Err(Error::OtherBackend { .. })));
    }
    let error = wgloss_burn::init(Device::wgpu_options()).unwrap_err();
    assert!(matches!(error, Error::NoDevice(_)), "{error:?}");
    works();
}

/// A captured graph would replay without the loss.
fn a_loss_is_refused_while_burn_captures_a_graph() {
    // a device of its own, since a capture holds its device's stream
    let device = own_device();
    let x = Tensor::<2>::ones([2, 3], &device);
    let mut refused = Vec::new();
    let graph = capture(&device, || refused.push(Mse::default().loss((&x, &x)).err()));
    drop(graph);
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|error| *error == Some(Error::Capturing)), "{refused:?}");
    assert_eq!(numbers(Mse::default().loss((&x, &x)).unwrap()), [0.0]);
}

fn a_lost_device_fails_its_own_reads() {
    let of = setup();
    let descriptor = wgpu::DeviceDescriptor {
        required_features: of.device.features().difference(wgpu::Features::all_experimental_mask()),
        required_limits: of.device.limits(),
        ..Default::default()
    };
    let (device, queue) = read_sync(of.adapter.request_device(&descriptor)).unwrap();
    let own = WgpuSetup { device: device.clone(), queue, ..of.clone() };
    let lost = Device::wgpu_options().setup(own.clone()).init().unwrap();
    register(&lost, &own).unwrap();
    let x = Tensor::<2>::ones([2, 3], &lost);
    let read = || {
        let (loss, report) = Mse::default().loss_and_report((&x, &x)).map_err(|error| error.to_string())?;
        report.check().map_err(|error| error.to_string())?;
        loss.try_into_data().map_err(|error| error.to_string())
    };
    assert_eq!(read().unwrap().as_slice::<f32>().unwrap(), [0.0]);
    device.destroy();
    let failed = catch_unwind(AssertUnwindSafe(read));
    assert!(!matches!(failed, Ok(Ok(_))), "{failed:?}");
    works();
}

fn a_label_out_of_range_is_reported_and_ignored() {
    let x = floats([4, 3]).require_grad();
    let loss = CrossEntropy { ignore_index: 255, ..Default::default() };
    let (value, report) = loss.loss_and_report((&x, labels(&[0, 255, 7, 2]))).unwrap();
    let want = wgloss::Error::LabelOutOfRange {
        loss: "cross_entropy",
        operand: "target".into(),
        position: 2,
        value: 7,
        count: 3,
        ignored: Some(255),
    };
    assert_eq!(report.check(), Err(Error::Loss(want)));
    let gradient = numbers(x.grad(&value.backward()).unwrap());
    assert!(gradient[3..9].iter().all(|g| *g == 0.0), "{gradient:?}");
    assert!((gradient[0] - (1.0 / 3.0 - 1.0) / 2.0).abs() < 1e-6, "two labels take part: {gradient:?}");
    assert!((numbers(value)[0] - 3f64.ln()).abs() < 1e-6);
    works();
}

/// The tensors of all steps lie at the same addresses, and kept jobs write to the same results, unless a report still needs
/// them.
fn a_bad_label_is_reported_of_its_own_run() {
    let reports = [1, 9, 2, 0, 8, 1].map(|label| {
        let (_, report) = L1::default().loss_and_report((floats([1]), floats([1]) * (label as f32))).unwrap();
        let (_, checked) = CrossEntropy::default().loss_and_report((floats([1, 3]), labels(&[label]))).unwrap();
        (label, report, checked)
    });
    for (label, report, checked) in &reports {
        assert_eq!(report.parts().unwrap()[0].sum, f64::from((label - 1).abs()));
        assert_eq!(checked.check().is_ok(), *label < 3, "{label}");
    }
    works();
}

/// A call itself refuses what only a plan can refuse, and queues nothing.
fn what_only_a_plan_refuses() {
    // a device of its own, whose workspace bound no other test changes
    let device = own_device();
    let gpu = gpu(&device).unwrap();
    let ones = |shape: [usize; 2]| Tensor::<2>::ones(shape, &device);
    let nothing = Tensor::<2, Int>::zeros([1, 1], &device);
    let pairs = |of: Tensor<2>| InfoNce::default().loss((&of, &of));
    let bound = |bytes: u64, call: &dyn Fn() -> Result<Tensor<1>, Error>| {
        gpu.set_workspace_bound(bytes);
        let result = call();
        gpu.set_workspace_bound(128 << 20);
        result
    };
    for (refused, words) in [
        (bound(1, &|| pairs(ones([300, 8]))), "info_nce on the GPU: bytes of workspace"),
        (pairs(ones([2, 32_769])), "info_nce on the GPU: elements of a row"),
        (Dice::default().loss((ones([1, 8193]).unsqueeze_dim::<3>(2), &nothing)), "dice on the GPU: classes"),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(&error, Error::Loss(wgloss::Error::TooLarge { .. })), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // gradients need more workspace than the value: the call refuses, since `backward` would fail
    let rows = ones([300, 8]);
    let tracked = Tensor::<2>::ones([300, 8], &device.clone().autodiff()).require_grad();
    let least = |of: &Tensor<2>| {
        let fits = |bytes: &u64| bound(*bytes, &|| pairs(of.clone())).is_ok();
        (0..24).map(|power| 1 << power).find(fits).expect("16 MiB are enough")
    };
    assert!(least(&rows) < least(&tracked), "{} {}", least(&rows), least(&tracked));
    // a refused term is not kept as a plan, and a kept plan does not hide a refusal under a lower bound
    assert!(bound(1, &|| pairs(rows.clone())).is_err());
    assert!((numbers(pairs(rows).unwrap())[0] - 300f64.ln()).abs() < 1e-4);
}

/// With fusion, a bound that is lowered after the call fails the job, and with it the read.
#[cfg(feature = "fusion")]
fn what_fails_in_the_queue_is_an_error_of_the_read() {
    // a device of its own, which no other test uses at the same time
    let device = own_device();
    let rows = Tensor::<2>::ones([300, 8], &device);
    let gpu = gpu(&device).unwrap();
    let read = |bound: u64| {
        let loss = InfoNce::default().loss((&rows, &rows)).unwrap();
        gpu.set_workspace_bound(bound);
        let read = catch_unwind(AssertUnwindSafe(|| loss.try_into_data()));
        gpu.set_workspace_bound(128 << 20);
        read
    };
    let failed = read(1);
    assert!(!matches!(failed, Ok(Ok(_))), "{failed:?}");
    let loss = read(128 << 20).unwrap().unwrap();
    assert!((loss.as_slice::<f32>().unwrap()[0] - 300f32.ln()).abs() < 1e-4, "{loss:?}");
    works();
}
