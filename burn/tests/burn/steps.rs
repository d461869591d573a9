//! Many steps: jobs are kept, threads do not disturb each other, and a training lowers its loss.

use crate::harness::tests;
use crate::on_burn::numbers;
use crate::{autodiff, own_device};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use libtest_mimic::Trial;
use wgloss::CrossEntropy;
use wgloss_burn::{BurnLoss, forget_jobs};

pub fn tests() -> Vec<Trial> {
    tests![
        jobs_are_kept_from_step_to_step,
        jobs_are_bound_anew_where_tensors_lie_elsewhere_in_each_step,
        threads_do_not_disturb_each_other,
        another_thread_reads_a_report_before_the_loss_is_read,
    ]
}

/// Trains a layer for some steps. Returns the losses.
fn train(device: &Device, steps: usize) -> Vec<f64> {
    let points: Vec<f32> = (0..64 * 2).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
    let labels: Vec<i32> = points.chunks(2).map(|p| i32::from(p[0] > p[1]) + i32::from(p[0] > 0.5)).collect();
    let x = Tensor::<2>::from_data(TensorData::new(points, [64, 2]), device);
    let t = Tensor::<1, Int>::from_data(TensorData::new(labels, [64]), device);
    let mut weights = Tensor::<2>::zeros([2, 3], device).require_grad();
    let step = |_| {
        let loss = CrossEntropy::default().loss((x.clone().matmul(weights.clone()), &t)).unwrap();
        let gradient = weights.grad(&loss.backward()).unwrap();
        let next = weights.clone().inner() - gradient * 2.0;
        weights = Tensor::from_inner(next).require_grad();
        numbers(loss)[0]
    };
    (0..steps).map(step).collect()
}

fn jobs_are_kept_from_step_to_step() {
    // a device of its own, for which no other test makes jobs
    let device = own_device();
    let losses = train(&device.clone().autodiff(), 40);
    assert!(losses[39] < losses[0] / 1.5, "{losses:?}");
    let jobs = forget_jobs(&device).unwrap();
    assert!((2..20).contains(&jobs), "{jobs} jobs for the values and the gradients of 40 steps");
    assert_eq!(forget_jobs(&device), Ok(0));
    let again = train(&device.autodiff(), 3);
    assert_eq!(again, losses[..3]);
}

fn jobs_are_bound_anew_where_tensors_lie_elsewhere_in_each_step() {
    let device = own_device();
    let tracked = device.clone().autodiff();
    let t = Tensor::<1, Int>::from_data(TensorData::new(vec![0i32, 2, 1], [3]), &tracked);
    // all tensors are alive at once, so that no two have the same address
    let steps: Vec<_> = (0..40u8)
        .map(|step| {
            let x = (0..12).map(|i| f32::from((step + 7 * i) % 23) / 5.0).collect();
            let x = Tensor::<2>::from_data(TensorData::new::<f32, _>(x, [3, 4]), &tracked).require_grad();
            let loss = CrossEntropy::default().loss((&x, &t)).unwrap();
            let gradient = x.grad(&loss.clone().backward()).unwrap();
            (x, loss, gradient)
        })
        .collect();
    let jobs = forget_jobs(&device).unwrap();
    assert!((2..=16).contains(&jobs), "{jobs} jobs for the values and the gradients of one call");
    for (x, loss, gradient) in steps {
        let own = CrossEntropy::default().loss((&x, &t)).unwrap();
        let of_own = x.grad(&own.clone().backward()).unwrap();
        assert_eq!((numbers(loss), numbers(gradient)), (numbers(own), numbers(of_own)));
        forget_jobs(&device).unwrap();
    }
}

fn threads_do_not_disturb_each_other() {
    let alone = train(&autodiff(), 12);
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| train(&autodiff(), 12))).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), alone);
    }
    // the loss of a tensor that another thread queued
    let device = autodiff();
    let other = device.clone();
    let made = std::thread::spawn(move || Tensor::<2>::random([8, 3], Distribution::Normal(0.0, 1.0), &other) * 2.0);
    let x = made.join().unwrap();
    let t = Tensor::<1, Int>::zeros([8], &device);
    let want = numbers(-burn::tensor::activation::log_softmax(x.clone(), 1).slice([0..8, 0..1]).mean());
    let got = numbers(CrossEntropy::default().loss((x, t)).unwrap());
    assert!((got[0] - want[0]).abs() < 1e-6, "{got:?} {want:?}");
}

/// A dashboard reads a report in this way. With fusion, the loss waits in the queue of the thread that made the call.
fn another_thread_reads_a_report_before_the_loss_is_read() {
    let x = Tensor::<2>::zeros([8, 3], &autodiff()).require_grad();
    let t = Tensor::<1, Int>::zeros([8], &autodiff());
    let (loss, report) = CrossEntropy::default().loss_and_report((x, t)).unwrap();
    let parts = std::thread::spawn(move || report.parts()).join().unwrap().unwrap();
    assert_eq!(parts[0].sum / parts[0].denominator, numbers(loss)[0]);
}
