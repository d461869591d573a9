//! Predictions for the tests of metrics: a table of calls, and their counts by the definition.

use wgloss::{Accuracy, Array, ClassAxis, ConfusionMatrix, DType, Operand, Predictions};

/// The kind of predictions.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    Logits(DType, ClassAxis),
    Labels(DType),
}

/// A call of a metric.
#[derive(Clone, Debug)]
pub struct Call {
    /// The shape of the target.
    pub shape: Vec<usize>,
    pub classes: usize,
    pub input: Input,
    pub labels: DType,
    pub mask: Option<DType>,
    pub ignores: bool,
    pub seed: u64,
}

const FLOATS: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];
const LABELS: [DType; 4] = [DType::I32, DType::U8, DType::U32, DType::I64];
const MASKS: [Option<DType>; 7] =
    [None, Some(DType::U8), None, Some(DType::F32), Some(DType::I64), Some(DType::F16), Some(DType::I32)];

/// Small sizes on both sides of those at which walks change, with layouts and dtypes by turns, and a few large sizes.
pub fn calls() -> Vec<Call> {
    let sizes = [1usize, 63, 64, 65, 255, 256, 257];
    let classes = [1usize, 2, 3, 9, 58, 59, 60, 63, 64, 65, 255, 256, 257];
    let edges = sizes.iter().flat_map(|&positions| classes.iter().map(move |&classes| (vec![positions], classes)));
    let large = [
        (vec![0], 3),
        (vec![4, 0, 2], 5),
        (vec![2, 3, 7], 4),
        (vec![3, 33, 32], 21),
        (vec![2, 300], 300),
        (vec![5000], 10),
        (vec![20_000], 2),
        (vec![3, 4000], 70),
        (vec![7], 3000),
        (vec![2, 5], 1000),
    ];
    let all = edges.chain(large).enumerate();
    all.map(|(turn, (shape, classes))| Call::of(turn, shape, classes)).collect()
}

impl Call {
    /// Makes a call. Its layout and dtypes follow from `turn`.
    fn of(turn: usize, shape: Vec<usize>, classes: usize) -> Call {
        let fits = |dtype: DType| dtype != DType::U8 || classes <= 250;
        let labels = |turn: usize| *LABELS.iter().cycle().skip(turn % 4).find(|dtype| fits(**dtype)).unwrap();
        let axis = if turn.is_multiple_of(2) { ClassAxis::Second } else { ClassAxis::Last };
        Call {
            shape,
            classes,
            input: match turn % 5 {
                4 => Input::Labels(labels(turn / 5)),
                _ => Input::Logits(FLOATS[turn / 3 % 4], axis),
            },
            labels: labels(turn),
            mask: MASKS[turn % 7],
            ignores: !turn.is_multiple_of(3),
            seed: turn as u64,
        }
    }

    /// The ignored label: one outside of the classes, or 1.
    fn ignored(&self) -> Option<i32> {
        let label = if self.seed.is_multiple_of(2) { self.classes as i64 + 3 } else { 1 };
        self.ignores.then_some(label as i32)
    }

    /// The input, the target and the mask, if there is one.
    pub fn operands(&self) -> Vec<Array> {
        let mut rng = Rng(self.seed);
        let positions: usize = self.shape.iter().product();
        let label = |rng: &mut Rng| match self.ignored() {
            Some(ignored) if rng.below(5) == 0 => i64::from(ignored),
            _ => rng.below(self.classes) as i64,
        };
        let labels: Vec<i64> = (0..positions).map(|_| label(&mut rng)).collect();
        let target = Array::new(&labels, self.shape.clone()).unwrap().cast(self.labels);
        let input = match self.input {
            Input::Labels(dtype) => {
                let own: Vec<i64> = labels
                    .iter()
                    .map(|label| match rng.below(2) {
                        0 if (*label as usize) < self.classes => *label,
                        _ => rng.below(self.classes) as i64,
                    })
                    .collect();
                Array::new(&own, self.shape.clone()).unwrap().cast(dtype)
            }
            Input::Logits(dtype, axis) => {
                let mut shape = self.shape.clone();
                shape.insert(if axis == ClassAxis::Second { 1 } else { shape.len() }, self.classes);
                let logits: Vec<f32> = (0..positions * self.classes).map(|_| self.logit(&mut rng)).collect();
                Array::new(&logits, shape).unwrap().cast(dtype).with_class_axis(axis)
            }
        };
        let mask = self.mask.map(|dtype| {
            let mask: Vec<i64> = (0..positions).map(|_| [0, 1, 3, 200][rng.below(4)]).collect();
            Array::new(&mask, self.shape.clone()).unwrap().cast(dtype)
        });
        [input, target].into_iter().chain(mask).collect()
    }

    /// The call on its operands, on the host or on a device.
    pub fn predictions<T: Operand>(&self, operands: &[T]) -> Predictions<T> {
        let mut predictions = Predictions::of(&operands[0], &operands[1]);
        if matches!(self.input, Input::Labels(_)) {
            predictions = predictions.classes(self.classes);
        }
        if let Some(ignored) = self.ignored() {
            predictions = predictions.ignore_index(ignored);
        }
        operands.get(2).map_or(predictions.clone(), |mask| predictions.mask(mask))
    }

    /// Draws one of a few logits, so that several classes of a position are equal. It is rarely not finite.
    fn logit(&self, rng: &mut Rng) -> f32 {
        match rng.below(40 + 8 * self.classes) {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 | 3 => f32::NEG_INFINITY,
            4..8 => -0.0,
            number => (number % 9) as f32 - 4.0,
        }
    }

    /// The counts by the definition: for each label and prediction, and for each label without a prediction.
    pub fn counts(&self, operands: &[Array]) -> (Vec<Vec<u32>>, Vec<u32>) {
        let (input, target, mask) = (&operands[0], &operands[1], operands.get(2));
        let classes = self.classes;
        let (mut counts, mut unpredicted) = (vec![vec![0; classes]; classes], vec![0; classes]);
        let (x, labels, mask) = (input.to_f64(), target.to_f64(), mask.map(Array::to_f64));
        let per_item: usize = self.shape.iter().skip(1).product();
        for (at, label) in labels.into_iter().enumerate() {
            if self.ignored().map(f64::from) == Some(label) || mask.as_ref().is_some_and(|mask| mask[at] == 0.0) {
                continue;
            }
            let row: Vec<f64> = match self.input {
                Input::Labels(_) => (0..classes).map(|k| f64::from(u8::from(x[at] == k as f64))).collect(),
                Input::Logits(_, ClassAxis::Last) => x[at * classes..(at + 1) * classes].to_vec(),
                Input::Logits(_, ClassAxis::Second) => {
                    let (item, place) = (at / per_item, at % per_item);
                    (0..classes).map(|k| x[(item * classes + k) * per_item + place]).collect()
                }
            };
            if row.iter().any(|logit| logit.is_nan()) {
                unpredicted[label as usize] += 1;
                continue;
            }
            let greatest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let predicted = row.iter().position(|logit| *logit == greatest).unwrap();
            counts[label as usize][predicted] += 1;
        }
        (counts, unpredicted)
    }
}

/// Compares a matrix and an accuracy with the counts.
pub fn judge(
    (counts, unpredicted): &(Vec<Vec<u32>>, Vec<u32>),
    matrix: &ConfusionMatrix,
    accuracy: &Accuracy,
) -> Result<(), String> {
    let flat: Vec<f64> = counts.concat().into_iter().map(f64::from).collect();
    let all: u32 = counts.iter().flatten().chain(unpredicted).sum();
    let right: u32 = (0..counts.len()).map(|k| counts[k][k]).sum();
    let none: u32 = unpredicted.iter().sum();
    let own = (accuracy.right(), accuracy.positions(), accuracy.unpredicted());
    if own != (right, all, none) {
        return Err(format!("accuracy: {own:?}, not {:?}", (right, all, none)));
    }
    if matrix.counts().to_f64() != flat || matrix.unpredicted() != unpredicted {
        return Err(format!("matrix: {matrix:?}, not {counts:?} and {unpredicted:?}"));
    }
    match (matrix.positions(), matrix.classes()) == (all, counts.len()) {
        true => Ok(()),
        false => Err(format!("{} positions of {} classes", matrix.positions(), matrix.classes())),
    }
}

/// A random generator with a seed.
struct Rng(u64);

impl Rng {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % end.max(1) as u64) as usize
    }
}
