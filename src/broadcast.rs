//! Broadcasting: which element of a smaller tensor belongs to an element of a larger shape.

/// The most axes of a broadcast operand, after adjacent axes are merged. Kernels hold them in a uniform array of this length.
pub(crate) const MOST_BROADCAST: usize = 8;

/// An axis of a broadcast operand, or several adjacent axes merged into one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BroadcastAxis {
    /// The elements of the larger shape from one index along the axis to the next.
    pub inner: usize,
    pub length: usize,
    /// The elements of the operand from one index along the axis to the next.
    pub stride: usize,
}

/// The axes of a tensor of `shape` that is broadcast to `to` by trailing axes, as PyTorch and NumPy do. Axes of length 1
/// are left out. `None` if the tensor does not fit.
pub(crate) fn broadcast(shape: &[usize], to: &[usize]) -> Option<Vec<BroadcastAxis>> {
    if shape.len() > to.len() {
        return None;
    }
    let mut axes: Vec<BroadcastAxis> = Vec::new();
    let (mut inner, mut stride) = (1, 1);
    for (&own, &length) in shape.iter().rev().zip(to.iter().rev()) {
        match axes.last_mut() {
            _ if own != length && own != 1 => return None,
            // an axis of length 1 has no index but 0
            _ if own == 1 => {}
            Some(last) if last.inner * last.length == inner => last.length *= length,
            _ => axes.push(BroadcastAxis { inner, length, stride }),
        }
        (inner, stride) = (inner * length, stride * own);
    }
    Some(axes)
}

impl BroadcastAxis {
    /// The element of a tensor with these axes that belongs to an element of the larger shape.
    pub fn place(axes: &[BroadcastAxis], element: usize) -> usize {
        axes.iter().map(|axis| element / axis.inner.max(1) % axis.length.max(1) * axis.stride).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{BroadcastAxis, broadcast};

    #[test]
    fn a_tensor_is_broadcast_by_its_trailing_axes() {
        let places = |shape: &[usize], to: &[usize]| {
            let axes = broadcast(shape, to)?;
            Some((0..to.iter().product()).map(|element| BroadcastAxis::place(&axes, element)).collect::<Vec<_>>())
        };
        for (shape, to, want) in [
            (&[][..], &[2, 2][..], Some(vec![0, 0, 0, 0])),
            (&[1], &[2, 2], Some(vec![0, 0, 0, 0])),
            (&[3], &[2, 3], Some(vec![0, 1, 2, 0, 1, 2])),
            (&[2, 1], &[2, 3], Some(vec![0, 0, 0, 1, 1, 1])),
            (&[2, 1, 1], &[2, 2, 2], Some(vec![0, 0, 0, 0, 1, 1, 1, 1])),
            (&[2, 1, 2], &[2, 2, 2], Some(vec![0, 1, 0, 1, 2, 3, 2, 3])),
            (&[2, 1], &[2, 2, 2], Some(vec![0, 0, 1, 1, 0, 0, 1, 1])),
            (&[2, 2], &[2, 2, 2], Some(vec![0, 1, 2, 3, 0, 1, 2, 3])),
            (&[1, 2, 1], &[1, 2, 1], Some(vec![0, 1])),
            (&[3], &[0, 3], Some(vec![])),
            (&[2], &[2, 3], None),
            (&[1, 3], &[3], None),
            (&[3], &[1], None),
            (&[0], &[3], None),
        ] {
            assert_eq!(places(shape, to), want, "{shape:?} to {to:?}");
        }
    }
}
