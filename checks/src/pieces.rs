//! Arrays cut in pieces along an axis, and put together again.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::ops::Range;
use wgloss::{Array, ClassAxis, Operand};

/// An array of other numbers in the dtype and layout of this one.
pub fn like(array: &Array, numbers: &[f64], shape: &[usize]) -> Array {
    Array::new(numbers, shape).unwrap().cast(array.dtype()).with_class_axis(array.class_axis())
}

/// The axis of an array that its classes lie along.
pub fn class_axis(array: &Array) -> usize {
    if array.class_axis() == ClassAxis::Last { array.shape().len() - 1 } else { 1 }
}

/// The part of an array that lies in a range of an axis.
pub fn slice(array: &Array, axis: usize, range: &Range<usize>) -> Array {
    let shape = array.shape();
    let (length, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let places: Vec<usize> = (0..array.len()).filter(|at| range.contains(&(at / inner % length))).collect();
    let shape = [&shape[..axis], &[range.len()], &shape[axis + 1..]].concat();
    let all = array.to_f64();
    like(array, &places.iter().map(|&at| all[at]).collect::<Vec<_>>(), &shape)
}

/// Joins arrays along an axis: the reverse of [`slice()`].
pub fn join(arrays: &[Array], axis: usize) -> Array {
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

/// Stacks arrays along a new first axis, in f32, as a term takes the statistics of other devices.
pub fn stack(arrays: &[Array]) -> Array {
    let numbers: Vec<f32> = arrays.iter().flat_map(Array::to_f32).collect();
    Array::new(&numbers, [&[arrays.len()], arrays[0].shape()].concat()).unwrap()
}

/// Ranges of these lengths, one after the other.
pub fn ranges(lengths: &[usize]) -> Vec<Range<usize>> {
    let mut end = 0;
    lengths.iter().map(|length| (end, end += length).0..end).collect()
}

/// The sum of arrays of one shape.
pub fn added(arrays: &[Array]) -> Array {
    let mut sum = vec![0.0; arrays[0].len()];
    for array in arrays {
        sum.iter_mut().zip(array.to_f64()).for_each(|(sum, x)| *sum += x);
    }
    like(&arrays[0], &sum, arrays[0].shape())
}
