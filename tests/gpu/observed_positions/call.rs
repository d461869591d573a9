//! Calls whose logits are hard to tell apart, and the definition of what is observed of their positions.

use crate::draw::{Rng, labels_of};
use crate::pieces::like;
use wgloss::{Array, ClassAxis, DType};

/// The predicted class of a position that has none.
const NO_CLASS: f64 = u32::MAX as f64;

/// A position's logits, and its label if it takes part.
pub(super) type Row = (Vec<f64>, Option<usize>);

/// Logits of which some are equal and some rows have a NaN or an infinity; labels, some of them ignored; and a mask.
pub(super) struct Call {
    pub(super) logits: Vec<Vec<f64>>,
    pub(super) of_rows: Vec<Option<usize>>,
    pub(super) kept: Vec<bool>,
    pub(super) x: Array,
    pub(super) labels: Array,
    pub(super) mask: Array,
}

impl Call {
    /// A call of `[items, classes, positions]`.
    pub(super) fn new([items, classes, positions]: [usize; 3], axis: ClassAxis, dtype: DType) -> Call {
        let mut rng = Rng::new((items * classes + positions) as u64);
        // multiples of an eighth, so that each dtype holds them exactly and some are equal
        let mut logit = || (8.0 * rng.normal()).round() / 8.0;
        let row = |_| (0..classes).map(|_| logit()).collect();
        let mut logits: Vec<Vec<f64>> = (0..items * positions).map(row).collect();
        for (place, row) in logits.iter_mut().enumerate() {
            match place % 7 {
                1 => row[classes - 1] = f64::NAN,
                3 => row[0] = f64::NEG_INFINITY,
                5 => row[classes / 2] = f64::INFINITY,
                6 => row.iter_mut().for_each(|x| *x = 0.5),
                _ => {}
            }
        }
        let label = |at: usize| (at % 5 != 2).then(|| rng.below(classes));
        let of_rows: Vec<Option<usize>> = (0..logits.len()).map(label).collect();
        let kept: Vec<bool> = (0..logits.len()).map(|at| at % 11 != 4).collect();
        let (shape, strides) = match axis {
            ClassAxis::Second => ([items, classes, positions], [1, positions]),
            ClassAxis::Last => ([items, positions, classes], [classes, 1]),
        };
        let mut x = vec![0.0; items * positions * classes];
        for (at, row) in logits.iter().enumerate() {
            let first = at / positions * positions * classes + at % positions * strides[0];
            row.iter().enumerate().for_each(|(k, logit)| x[first + k * strides[1]] = *logit);
        }
        let labels: Vec<i64> = of_rows.iter().map(|label| label.map_or(-100, |label| label as i64)).collect();
        Call {
            x: Array::new(&x, shape).unwrap().cast(dtype).with_class_axis(axis),
            labels: labels_of(&labels, DType::I64, &[items, positions]),
            mask: Array::new(&kept, [items, positions]).unwrap(),
            logits,
            of_rows,
            kept,
        }
    }

    /// The call with a finite number in place of each NaN and each infinity.
    pub(super) fn finite(mut self) -> Call {
        let finite = |x: f64| if x.is_finite() { x } else { -3.0 };
        self.logits.iter_mut().flatten().for_each(|x| *x = finite(*x));
        let numbers: Vec<f64> = self.x.to_f64().into_iter().map(finite).collect();
        self.x = like(&self.x, &numbers, self.x.shape());
        self
    }

    /// The rows with their labels. Masked positions have no label if `masked` is set.
    pub(super) fn rows(&self, masked: bool) -> Vec<Row> {
        let label = |at: usize| self.of_rows[at].filter(|_| self.kept[at] || !masked);
        self.logits.iter().enumerate().map(|(at, x)| (x.clone(), label(at))).collect()
    }
}

/// The predicted class and log p of the label, by the definition.
pub(super) fn defined((x, label): &Row) -> [f64; 2] {
    let Some(label) = *label else { return [NO_CLASS, 0.0] };
    if x.iter().any(|x| x.is_nan() || *x == f64::INFINITY) {
        return [NO_CLASS, f64::NAN];
    }
    let mut first = 0;
    for k in 1..x.len() {
        if x[k] > x[first] {
            first = k;
        }
    }
    [first as f64, x[label] - x.iter().map(|x| x.exp()).sum::<f64>().ln()]
}
