//! Pseudorandom operands, equal in every run, without a pattern that a kernel could profit from.

use wgloss::{Array, Result};

/// Numbers between −`spread`/2 and `spread`/2. The spread is also the seed, so that operands of different spreads are not
/// multiples of each other.
pub fn numbers(shape: &[usize], spread: f32) -> Result<Array> {
    let mut state = 0x9e37_79b9u32 ^ spread.to_bits().wrapping_mul(2_654_435_761);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * spread - spread / 2.0
    };
    Array::new(&(0..shape.iter().product()).map(next).collect::<Vec<f32>>(), shape)
}

/// Targets of 0 or 1, a quarter of them 1.
pub fn binary_targets(shape: &[usize]) -> Result<Array> {
    mapped(shape, 2.0, |x| f32::from(u8::from(x > 0.5)))
}

/// Targets of −1 or 1.
pub fn signs(shape: &[usize]) -> Result<Array> {
    mapped(shape, 2.0, f32::signum)
}

/// Labels below `classes`.
pub fn labels(shape: &[usize], classes: usize) -> Result<Array> {
    let numbers = numbers(shape, classes as f32)?.to_f32();
    let label = |x: &f32| ((x + classes as f32 / 2.0) as i32).clamp(0, classes as i32 - 1);
    Array::new(&numbers.iter().map(label).collect::<Vec<i32>>(), shape)
}

/// Boxes on a picture of about 256 by 256, with sides from 8 to 72. Boxes with the same index, but of different seeds, are so
/// near each other that most overlap.
pub fn boxes(count: usize, seed: f32) -> Result<Array> {
    let corners = numbers(&[count, 2], 192.0)?.to_f32();
    let changes = numbers(&[count, 4], seed)?.to_f32();
    let one = |(corner, change): (&[f32], &[f32])| {
        // scaled to between −0.5 and 0.5
        let change: Vec<f32> = change.iter().map(|x| x / seed).collect();
        let from = [0, 1].map(|axis| corner[axis] + 96.0 + 16.0 * change[axis]);
        [from[0], from[1], from[0] + 40.0 + 64.0 * change[2], from[1] + 40.0 + 64.0 * change[3]]
    };
    let boxes: Vec<f32> = corners.chunks_exact(2).zip(changes.chunks_exact(4)).flat_map(one).collect();
    Array::new(&boxes, [count, 4])
}

fn mapped(shape: &[usize], spread: f32, of: impl Fn(f32) -> f32) -> Result<Array> {
    Array::new(&numbers(shape, spread)?.to_f32().into_iter().map(of).collect::<Vec<f32>>(), shape)
}
