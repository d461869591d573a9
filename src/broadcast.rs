//! How a smaller tensor is broadcast to a shape: where the number of an element lies in it.

/// The most axes of a broadcast operand, where adjacent ones count as one. Kernels hold them in a uniform of this length.
pub(crate) const MOST_BROADCAST: usize = 8;

/// An axis of an operand that is broadcast, or several adjacent ones: how many elements of the whole one step along it takes,
/// how long it is, and how far apart its numbers lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BroadcastAxis {
    pub inner: usize,
    pub length: usize,
    pub stride: usize,
}

/// The axes of a tensor that is broadcast to a shape by trailing axes, as PyTorch and NumPy do; nothing if it does not fit.
pub(crate) fn broadcast(shape: &[usize], to: &[usize]) -> Option<Vec<BroadcastAxis>> {
    if shape.len() > to.len() {
        return None;
    }
    let mut axes: Vec<BroadcastAxis> = Vec::new();
    let (mut inner, mut stride) = (1, 1);
    for (&own, &length) in shape.iter().rev().zip(to.iter().rev()) {
        match axes.last_mut() {
            _ if own != length && own != 1 => return None,
            // an axis of length 1 has one place
            _ if own == 1 => {}
            Some(last) if last.inner * last.length == inner => last.length *= length,
            _ => axes.push(BroadcastAxis { inner, length, stride }),
        }
        (inner, stride) = (inner * length, stride * own);
    }
    Some(axes)
}

impl BroadcastAxis {
    /// Where the number of an element lies in a tensor that is broadcast along these axes.
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
