//! Losses of `ndarray` matrices on the CPU: softmax regression of points in the plane, without a GPU.
//!
//! The CPU twin computes in f64 what the kernels compute on a GPU. It takes slices, so a matrix goes in by its elements and
//! its shape, and its gradient comes out the same way.
//!
//! Run it with `cargo run --example ndarray --no-default-features`.

use ndarray::{Array1, Array2, ArrayView, Axis, Dimension, concatenate};
use wgloss::{Array, CrossEntropy, Element, cpu};

const POINTS: usize = 120;
const CLASSES: usize = 3;

/// An array of wgloss, which is dense and row-major: a view of any strides is copied.
fn array<E: Element, D: Dimension>(view: ArrayView<'_, E, D>) -> wgloss::Result<Array> {
    let elements: Vec<E> = view.iter().copied().collect();
    Array::new(&elements, view.shape())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Points around three centres; a column of ones for the biases.
    let angle = |i: usize| std::f64::consts::TAU * (i % CLASSES) as f64 / CLASSES as f64;
    let around = |i: usize| (0.9 * (i as f64 / POINTS as f64), 2.4 * i as f64);
    let x = Array1::from_shape_fn(POINTS, |i| angle(i).cos() + around(i).0 * around(i).1.cos());
    let y = Array1::from_shape_fn(POINTS, |i| angle(i).sin() + around(i).0 * around(i).1.sin());
    let features = ndarray::stack![Axis(1), x, y, Array1::ones(POINTS)];
    let labels = Array1::from_shape_fn(POINTS, |i| (i % CLASSES) as i32);
    // The last quarter is held out: a mask leaves it out of the loss and of the gradient.
    let learnt = Array1::from_shape_fn(POINTS, |i| i < POINTS * 3 / 4);

    let (target, mask) = (array(labels.view())?, array(learnt.view())?);
    let loss = CrossEntropy::new().label_smoothing(0.05);
    let mut weights = Array2::<f64>::zeros((3, CLASSES));
    let mut losses = Vec::new();
    for _ in 0..200 {
        let logits = array(features.dot(&weights).view())?;
        let (outcome, [gradient]) = cpu::gradients(&loss.of(&logits, &target).mask(&mask), [&logits])?;
        losses.push(outcome.loss()?);
        let slopes = Array2::from_shape_vec((POINTS, CLASSES), gradient.to_f64())?;
        weights -= &features.t().dot(&slopes);
    }

    let logits = features.dot(&weights);
    let best = |row: ndarray::ArrayView1<'_, f64>| (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let held_out = (POINTS * 3 / 4..POINTS).filter(|&i| best(logits.row(i)) == Some(labels[i] as usize)).count();
    println!("loss {:.4} -> {:.4}; {held_out} of {} points held out are right", losses[0], losses[199], POINTS / 4);
    // With weights of 0 all classes are equally likely, and the loss is log 3.
    assert!((losses[0] - f64::ln(CLASSES as f64)).abs() < 1e-12);
    assert!(losses[199] < 0.5 * losses[0] && held_out * 10 > 9 * (POINTS / 4), "{held_out}");

    // The class axis may also be the last: two images `[N, H, W, C]` of two pixels each give the same loss as `[N, C, H, W]`.
    let pixels = concatenate![Axis(0), logits.slice(ndarray::s![..4, ..])].into_shape_with_order((2, 1, 2, CLASSES))?;
    let labels = array(labels.slice(ndarray::s![..4]).into_shape_with_order((2, 1, 2))?)?;
    let last = cpu::value(&loss.of(&array(pixels.view())?.class_axis_last(), &labels))?.loss()?;
    let second = cpu::value(&loss.of(&array(pixels.permuted_axes([0, 3, 1, 2]).view())?, &labels))?.loss()?;
    assert_eq!(last, second);
    Ok(())
}
