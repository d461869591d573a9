//! Element types, shapes, and where a tensor's class axis lies.

use std::fmt;

/// The element type of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// 32-bit float: predictions, dense targets, weights, masks, gradients.
    F32,
    /// IEEE's 16-bit float. It is storage only: arithmetic is f32.
    F16,
    /// The upper half of an f32. It is storage only: arithmetic is f32.
    BF16,
    /// 64-bit float, on the CPU only. An upload rounds it to [`F32`](Self::F32).
    F64,
    /// 32-bit signed integer. Like the other integer types, it holds labels, masks, or targets such as 0 and 1.
    I32,
    /// 32-bit unsigned integer.
    U32,
    /// 8-bit unsigned integer, and `bool`.
    U8,
    /// 64-bit signed integer.
    I64,
}

impl DType {
    /// The bytes that one element takes.
    pub const fn size(self) -> usize {
        match self {
            DType::U8 => 1,
            DType::F16 | DType::BF16 => 2,
            DType::F32 | DType::I32 | DType::U32 => 4,
            DType::F64 | DType::I64 => 8,
        }
    }

    /// Whether this is a float type. Predictions and dense targets are floats; labels are integers.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F16 | DType::BF16 | DType::F64)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::F32 => "f32",
            DType::F16 => "f16",
            DType::BF16 => "bf16",
            DType::F64 => "f64",
            DType::I32 => "i32",
            DType::U32 => "u32",
            DType::U8 => "u8",
            DType::I64 => "i64",
        })
    }
}

/// Which axis of a tensor holds the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClassAxis {
    /// Axis 1, as in PyTorch: `[N, C]` or `[N, C, d1, ..., dk]`.
    #[default]
    Second,
    /// The last axis: `[N, d1, ..., dk, C]`, as in NHWC images and `[B, T, V]` token logits.
    Last,
}

/// The number of elements of a shape. `None` where it does not fit a `usize`, with axes of length 0 counted as 1.
///
/// If this returns a number, the product of any of the axes fits a `usize`, even on a 32-bit target.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    let counted = shape.iter().try_fold(1usize, |product, &d| product.checked_mul(d.max(1)));
    counted.map(|counted| if shape.contains(&0) { 0 } else { counted })
}

/// The number of elements of a shape, with axes of length 0 counted as 1, for an error to show. It is at most `u64::MAX`.
pub(crate) fn elements_needed(shape: &[usize]) -> u64 {
    shape.iter().fold(1, |product: u64, &d| product.saturating_mul(d.max(1) as u64))
}

/// A shape with a class axis: `n` items of `s` positions, with `c` classes each.
///
/// Position `j` of item `i` has its class `k` at element `i*c*s + j*position_stride + k*class_stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// Items of the batch.
    pub n: usize,
    /// Classes.
    pub c: usize,
    /// Positions of one item: pixels or tokens.
    pub s: usize,
    /// Elements between two classes of a position.
    pub class_stride: usize,
    /// Elements between two positions of an item.
    pub position_stride: usize,
}

impl Classes {
    /// Reads a shape of at least two axes.
    pub fn of(shape: &[usize], axis: ClassAxis) -> Option<Classes> {
        let (&n, rest) = shape.split_first()?;
        let (c, places) = match axis {
            ClassAxis::Second => rest.split_first(),
            ClassAxis::Last => rest.split_last(),
        }?;
        let s = elements(places)?;
        Some(match axis {
            ClassAxis::Second => Classes { n, c: *c, s, class_stride: s, position_stride: 1 },
            ClassAxis::Last => Classes { n, c: *c, s, class_stride: 1, position_stride: *c },
        })
    }

    /// The element of class `k` at position `j` of item `i`.
    pub fn index(&self, i: usize, j: usize, k: usize) -> usize {
        i * self.c * self.s + j * self.position_stride + k * self.class_stride
    }

    /// The number of positions.
    pub fn positions(&self) -> usize {
        self.n * self.s
    }
}

/// A shape of pictures: `n` items of `c` planes, one for each channel, of `height` rows of `width` pixels.
///
/// Pixel `(y, x)` of plane `k`, counted through all items, is element
/// `(k / c)*per_item + (k % c)*plane + (y*width + x)*step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pictures {
    /// Items of the batch.
    pub n: usize,
    /// Channels.
    pub c: usize,
    /// Rows of a plane.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Elements between two planes of an item.
    pub plane: usize,
    /// Elements between a pixel and its right neighbour.
    pub step: usize,
}

impl Pictures {
    /// Reads a shape of four axes.
    pub fn of(shape: &[usize], axis: ClassAxis) -> Option<Pictures> {
        let &[n, a, b, d] = shape else { return None };
        Some(match axis {
            ClassAxis::Second => Pictures { n, c: a, height: b, width: d, plane: b * d, step: 1 },
            ClassAxis::Last => Pictures { n, c: d, height: a, width: b, plane: 1, step: d },
        })
    }

    /// The shape of a map with an element for each window of `size` × `size` pixels that fits a picture with `margin`
    /// pixels around it. A window has the place of its first pixel. The map's planes follow each other without gaps.
    pub fn windows(&self, size: usize, margin: usize) -> Pictures {
        let fit = |length: usize| (length + 2 * margin + 1).saturating_sub(size);
        let (height, width) = (fit(self.height), fit(self.width));
        Pictures { height, width, plane: height * width, step: 1, ..*self }
    }

    /// The shape of pictures of half the height and width, rounded up, whose planes follow each other without gaps.
    pub fn halved(&self) -> Pictures {
        let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
        Pictures { height, width, plane: height * width, step: 1, ..*self }
    }

    /// The planes of all items.
    pub fn planes(&self) -> usize {
        self.n * self.c
    }

    /// The elements of an item.
    pub fn per_item(&self) -> usize {
        self.c * self.height * self.width
    }

    /// The elements from the start of a row to the start of the next, including those of other planes that lie between.
    #[cfg(feature = "gpu")]
    pub fn row(&self) -> usize {
        self.width * self.step
    }

    /// The element of a pixel of a plane.
    pub fn element(&self, plane: usize, y: usize, x: usize) -> usize {
        let item = plane / self.c;
        item * self.per_item() + (plane % self.c) * self.plane + (y * self.width + x) * self.step
    }
}

/// A shape without its class axis: the shape of a label target.
pub(crate) fn without_classes(shape: &[usize], axis: ClassAxis) -> Vec<usize> {
    let mut shape = shape.to_vec();
    match axis {
        ClassAxis::Second if shape.len() > 1 => {
            shape.remove(1);
        }
        ClassAxis::Last => {
            shape.pop();
        }
        ClassAxis::Second => {}
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_as_far_as_a_usize_goes() {
        let (most, half) = (usize::MAX, 1 << (usize::BITS / 2));
        for (shape, count, needed) in [
            (vec![], Some(1), 1),
            (vec![2, 3], Some(6), 6),
            (vec![2, 0, 3], Some(0), 6),
            (vec![most], Some(most), most as u64),
            (vec![half, half - 1], Some(most - half + 1), (most - half + 1) as u64),
            // walks multiply some axes of a shape, so that no product of axes may be too large
            (vec![half, half], None, ((half as u128) * (half as u128)).min(u64::MAX.into()) as u64),
            (vec![0, half, half], None, ((half as u128) * (half as u128)).min(u64::MAX.into()) as u64),
        ] {
            assert_eq!((elements(&shape), elements_needed(&shape)), (count, needed), "{shape:?}");
        }
    }
}
