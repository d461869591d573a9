//! Inputs and options for any loss, drawn from its header by a generator that always draws the same numbers.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use wgloss::custom::Leaf;
use wgloss::header::{Axis, Domain, Kind, OperandSpec, OptionSpec, Range, Role, Sizes, Value};
use wgloss::{Activation, Array, ClassAxis, DType, Loss};

/// A small generator of random numbers (splitmix64): the same seed gives the same inputs on every machine.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// True once in `n` draws.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A number that is about normal, with mean 0 and variance 1: a sum of four uniform numbers.
    pub fn normal(&mut self) -> f64 {
        (0..4).map(|_| self.unit() - 0.5).sum::<f64>() * 3f64.sqrt()
    }
}

/// The shapes and the dtype that the inputs of a call are drawn for.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The prediction's shape.
    pub shape: Vec<usize>,
    /// Which axis of the prediction is the class axis.
    pub axis: ClassAxis,
    /// The dtype of labels and indices. F32 makes a target dense, where it may be either.
    pub target: DType,
}

/// The height and the width of a picture with this many pixels, as equal as possible.
fn sides(pixels: usize) -> Vec<usize> {
    let height = (1..=pixels.isqrt().max(1)).rev().find(|height| pixels.is_multiple_of(*height)).unwrap_or(1);
    vec![height, pixels / height]
}

/// The length of an axis that does not follow from the prediction's shape, such as the rows of a table.
pub const FREE: usize = 10;

impl Setting {
    /// The setting of a loss for a shape of `samples`: boxes get one more axis, of four numbers, rows of vectors get two axes,
    /// and pictures get a height and a width in place of one number of positions.
    pub fn new(loss: &dyn Loss, shape: &[usize], axis: ClassAxis, target: DType) -> Setting {
        let shape = match (loss.leaf(), shape) {
            (Leaf::Boxes(_), _) => [shape, &[4]].concat(),
            (
                Leaf::Vectors(_)
                | Leaf::Similarity(_)
                | Leaf::Hardest(_)
                | Leaf::Linear(_)
                | Leaf::LinearDivergence(_)
                | Leaf::Segments(_),
                [rows, rest @ ..],
            ) => vec![*rows, rest.iter().product()],
            (Leaf::Neighbours(_) | Leaf::Windows(_), &[n, a, b]) => match axis {
                ClassAxis::Second => [vec![n, a], sides(b)].concat(),
                ClassAxis::Last => [vec![n], sides(a), vec![b]].concat(),
            },
            _ => shape.to_vec(),
        };
        Setting { shape, axis, target }
    }

    /// A loss with its default options, except where [`fit`](Self::fit) changes them for the shape.
    pub fn default_of(&self, loss: &dyn Loss) -> Box<dyn Loss> {
        let mut loss = (loss.header().default)();
        self.fit(&mut *loss);
        loss
    }

    /// Sets an option of several numbers to as many as the last axis is long, evenly spaced between 0 and 1; and narrows
    /// windows that are wider than the pictures.
    pub fn fit(&self, loss: &mut dyn Loss) {
        if let Some(side) = self.widest_window(loss) {
            let place = loss.specs().iter().position(|spec| spec.name == "window").expect("windows have a side");
            assert!(loss.set_at(place, &Value::Number(side as f64)));
        }
        let length = self.shape.last().copied().unwrap_or(1);
        let numbers = (1..=length).map(|k| k as f64 / (length + 1) as f64).collect();
        if let Some(place) = loss.specs().iter().position(|spec| spec.kind == Kind::Numbers) {
            assert!(loss.set_at(place, &Value::Numbers(numbers)));
        }
    }

    /// The side of the widest window that fits the pictures, where the loss has wider ones.
    fn widest_window(&self, loss: &dyn Loss) -> Option<usize> {
        let (Leaf::Windows(leaf), &[_, a, b, c]) = (loss.leaf(), &self.shape[..]) else { return None };
        let side = if self.axis == ClassAxis::Second { b.min(c) } else { a.min(b) };
        // each level but the first halves the sides, rounded up
        let side = (0..leaf.levels().len().saturating_sub(1)).fold(side, |side, _| side.div_ceil(2));
        (leaf.settings().size > side && side > 0).then_some(side - (side + 1) % 2)
    }

    /// The number of classes, where the prediction has them.
    pub fn classes(&self) -> usize {
        match self.axis {
            ClassAxis::Second => self.shape.get(1).copied().unwrap_or(1),
            ClassAxis::Last => self.shape.last().copied().unwrap_or(1),
        }
    }

    /// The shape of a label for each position.
    pub fn positions(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        shape.remove(if self.axis == ClassAxis::Second { 1 } else { shape.len() - 1 });
        shape
    }

    fn sizes(&self, loss: &dyn Loss) -> Sizes {
        Sizes::new(loss, &self.shape, self.axis, self.target.is_float())
    }

    /// The shape of the unreduced loss.
    pub fn values(&self, loss: &dyn Loss) -> Vec<usize> {
        self.sizes(loss).values
    }

    /// The shape of an operand.
    pub fn shape_of(&self, loss: &dyn Loss, spec: &OperandSpec) -> Vec<usize> {
        let length = |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { FREE };
        self.sizes(loss).shape(spec.role).into_iter().map(length).collect()
    }

    /// Draws an operand.
    pub fn draw(&self, loss: &dyn Loss, spec: &OperandSpec, rng: &mut Rng) -> Array {
        let shape = self.shape_of(loss, spec);
        let count = shape.iter().product();
        let labels = |count: usize, most: usize, ignored: Option<i32>, rng: &mut Rng| {
            let label = |rng: &mut Rng| match ignored {
                Some(ignored) if rng.once_in(6) => ignored.into(),
                _ => rng.below(most) as i64,
            };
            let labels: Vec<i64> = (0..count).map(|_| label(rng)).collect();
            labels_of(&labels, self.target, &shape)
        };
        let dense = spec.role == Role::Target && self.target.is_float();
        let array = match spec.role {
            Role::Target | Role::Labels if !dense => {
                let (most, ignored) = label_range(loss, self.classes());
                labels(count, reach(most, self.target), ignored.filter(|&v| fits(v.into(), self.target)), rng)
            }
            Role::Index => labels(count, FREE, None, rng),
            Role::Segments => {
                let segments = 2 * self.values(loss).iter().product::<usize>();
                labels(count, reach(segments, self.target), None, rng)
            }
            Role::Sequences | Role::StepCounts | Role::SequenceLengths => self.of_sequences(loss, spec, rng),
            // only three labels, so that most rows share theirs with another row
            Role::RowLabels => labels(count, 3, None, rng),
            _ => {
                let domain = domain(loss, spec);
                let mut numbers: Vec<f32> = (0..count).map(|_| number(domain, rng)).collect();
                if domain == Domain::Corners {
                    // the second corner lies beyond the first, now and then on it
                    for corners in numbers.chunks_exact_mut(4) {
                        let size = |rng: &mut Rng| if rng.once_in(16) { 0.0 } else { 0.25 + 3.0 * rng.unit() as f32 };
                        (corners[2], corners[3]) = (corners[0] + size(rng), corners[1] + size(rng));
                    }
                }
                if matches!(loss.leaf(), Leaf::Vectors(_)) {
                    // numbers whose differences are exact in f32: where two numbers are equal, a rounding error of the
                    // size of eps would decide the gradient if the power is below 1
                    numbers.iter_mut().for_each(|x| *x = (1024.0 * *x).round() / 1024.0);
                }
                if matches!(loss.leaf(), Leaf::Vectors(_)) && spec.role == Role::Element && shape[1] > 64 {
                    // independent long vectors have cosines near 0, so their distance is near a margin of 1, and f32 keeps few
                    // digits of the difference
                    numbers.iter_mut().for_each(|x| *x += 1.0);
                    // two distances over many coordinates are nearly equal too: a shorter third vector makes them differ
                    let third = loss.header().operands.get(2).is_some_and(|third| third.name == spec.name);
                    numbers.iter_mut().for_each(|x| *x *= if third { 0.5 } else { 1.0 });
                }
                if matches!(loss.leaf(), Leaf::Segments(_)) && spec.role == Role::Rows {
                    // a log-ratio is a sum over the rows of a segment: unscaled, it would give losses that f32 does not hold
                    let scale = 1.0 / (shape[1].max(1) as f32).sqrt();
                    numbers.iter_mut().for_each(|x| *x *= scale);
                }
                if matches!(loss.leaf(), Leaf::Windows(leaf) if !leaf.levels().is_empty()) {
                    // unrelated pictures have a covariance below 0 at some level, and then the loss is 1 without a gradient: both
                    // get the same pattern, and differ by less
                    let mut pattern = Rng::new(11);
                    numbers.iter_mut().for_each(|x| *x = 0.25 * *x + pattern.normal() as f32);
                }
                Array::new(&numbers, shape).unwrap()
            }
        };
        let classes = matches!(spec.role, Role::Classes | Role::Channels | Role::Pictures);
        array.with_class_axis(if classes { self.axis } else { ClassAxis::Second })
    }
}

impl Setting {
    /// Draws the labels or the lengths of sequences. An item has at least twice as many steps as labels, since two equal
    /// labels need a blank between them.
    fn of_sequences(&self, loss: &dyn Loss, spec: &OperandSpec, rng: &mut Rng) -> Array {
        let shape = self.shape_of(loss, spec);
        let steps = reach(self.shape[0] + 1, self.target) - 1;
        let fewest = steps - steps / 4;
        let blank = if let Leaf::Alignments(leaf) = loss.leaf() { leaf.blank() } else { 0 };
        let classes = reach(self.shape[2], self.target);
        let number = |rng: &mut Rng| match spec.role {
            Role::StepCounts => fewest + rng.below(steps - fewest + 1),
            Role::SequenceLengths => rng.below(FREE.min(fewest / 2) + 1),
            // every class but the blank
            _ => (blank + 1 + rng.below(classes - 1)) % classes,
        };
        let numbers: Vec<i64> = (0..shape.iter().product()).map(|_| number(rng) as i64).collect();
        labels_of(&numbers, self.target, &shape)
    }
}

/// The places of all elements of the rows that make up the two segments of a pair.
pub fn rows_of_pair(loss: &dyn Loss, operands: &[(&str, Array)], pair: usize) -> Vec<usize> {
    let of = |role| {
        let spec = loss.header().operands.iter().find(|spec| spec.role == role).unwrap();
        &operands.iter().find(|(name, _)| *name == spec.name).unwrap().1
    };
    let (pairs, width) = (of(Role::PerSegment).len() / 2, of(Role::Rows).shape()[1]);
    let segments = of(Role::Segments).to_f64().into_iter().enumerate();
    let rows: Vec<usize> = segments.filter(|(_, at)| *at as usize % pairs == pair).map(|(row, _)| row).collect();
    assert!(!rows.is_empty(), "the pair has no rows");
    rows.into_iter().flat_map(|row| row * width..(row + 1) * width).collect()
}

/// Whether a loss has an operand of this role.
pub fn has(loss: &dyn Loss, role: Role) -> bool {
    loss.header().operands.iter().any(|spec| spec.role == role)
}

/// The number of labels, and the label that is ignored.
pub fn label_range(loss: &dyn Loss, classes: usize) -> (usize, Option<i32>) {
    match loss.leaf() {
        Leaf::Softmax(leaf) => (classes, Some(leaf.ignore_index())),
        Leaf::Region(leaf) => (classes.max(2), leaf.settings().ignore_index),
        Leaf::ClassSum(leaf) => (classes, leaf.ignore_index()),
        Leaf::Divergence(_) => (classes, None),
        // the projection is drawn with this many rows, one for each class
        Leaf::Linear(leaf) => (FREE, Some(leaf.ignore_index())),
        Leaf::Segments(leaf) => (FREE, Some(leaf.ignore_index())),
        Leaf::Pointwise(_)
        | Leaf::Boxes(_)
        | Leaf::Vectors(_)
        | Leaf::Composite(_)
        | Leaf::Similarity(_)
        | Leaf::Hardest(_)
        | Leaf::LinearDivergence(_)
        | Leaf::Gram(_)
        | Leaf::Neighbours(_)
        | Leaf::Windows(_)
        | Leaf::Alignments(_) => (FREE, None),
    }
}

/// How many of `most` labels a dtype can hold.
fn reach(most: usize, dtype: DType) -> usize {
    if dtype == DType::U8 { most.min(256) } else { most }
}

fn fits(label: i64, dtype: DType) -> bool {
    match dtype {
        DType::U8 => (0..256).contains(&label),
        DType::U32 => label >= 0,
        _ => true,
    }
}

/// Labels as an array of a dtype. A label that the dtype does not hold wraps around.
pub fn labels_of(labels: &[i64], dtype: DType, shape: &[usize]) -> Array {
    macro_rules! array {
        ($type:ty) => {
            Array::new(&labels.iter().map(|&v| v as $type).collect::<Vec<_>>(), shape).unwrap()
        };
    }
    match dtype {
        DType::U32 => array!(u32),
        DType::U8 => array!(u8),
        DType::I64 => array!(i64),
        _ => array!(i32),
    }
}

/// The dtypes that floats can be stored in on a GPU.
pub const FLOATS: [DType; 3] = [DType::F32, DType::F16, DType::BF16];

/// Casts an array of floats to a dtype. Labels stay as they are.
pub fn stored_as(array: &Array, dtype: DType) -> Array {
    if array.dtype().is_float() { array.cast(dtype) } else { array.clone() }
}

/// The domain that an operand's values are drawn from: that of the header, or probabilities where an option says that
/// predictions are probabilities.
fn domain(loss: &dyn Loss, spec: &OperandSpec) -> Domain {
    match loss.leaf() {
        Leaf::Region(leaf) if spec.role == Role::Classes && leaf.settings().activation == Activation::None => {
            Domain::Probability
        }
        _ => spec.domain,
    }
}

/// A number of a domain.
pub fn number(domain: Domain, rng: &mut Rng) -> f32 {
    let number = match domain {
        // now and then a large logit, as networks give: at most 17, where the square of its probability still fits f32
        Domain::Real if rng.once_in(32) => 5.0 * rng.normal(),
        Domain::Real => 2.0 * rng.normal(),
        Domain::Probability => rng.unit(),
        Domain::Binary => f64::from(u8::from(!rng.once_in(3))),
        Domain::Sign => f64::from(u8::from(rng.once_in(2))) * 2.0 - 1.0,
        Domain::Log => 0.5 - 2.0 * rng.unit() - rng.normal().abs(),
        Domain::LogProbability => -0.05 - 2.0 * rng.unit() - rng.normal().abs(),
        Domain::Corners => 2.0 * rng.unit(),
        Domain::Positive => 0.1 + 2.0 * rng.unit(),
    };
    number as f32
}

/// The values of an option that tests go through: every flag and name, the ends of a range, numbers inside it, the default.
pub fn option_values(spec: &OptionSpec, default: &Value) -> Vec<Value> {
    let number = |x: f64| Value::Number(x);
    let numbers = match spec.range {
        Range::Any => vec![0.0, 1.5, -1.0],
        Range::AtLeast(low) => vec![low, low + 0.5, low + 3.0],
        Range::Above(low) => vec![low + 0.125, low + 2.0],
        Range::Within(low, high) => vec![low, high, low + 0.375 * (high - low)],
        Range::Between(low, high) => vec![low + 0.375 * (high - low)],
    };
    // both ends of a range; two numbers from a lower bound on, which are odd if it is odd, as windows need; otherwise the
    // classes 0 and 1, and two numbers that no class has
    let integers = match spec.range {
        Range::Within(low, high) => vec![low, high],
        Range::AtLeast(low) => vec![low, low + 2.0],
        _ => vec![0.0, 1.0, 255.0, -1.0],
    };
    let mut values = vec![default.clone()];
    values.extend(match spec.kind {
        Kind::Flag => vec![Value::Flag(false), Value::Flag(true)],
        Kind::Choice(names) => names.iter().map(|name| Value::Name((*name).into())).collect(),
        Kind::Number => numbers.into_iter().map(number).collect(),
        Kind::NumberOrNone => numbers.into_iter().map(number).chain([Value::None]).collect(),
        Kind::Integer => integers.into_iter().map(number).collect(),
        // as many as the last axis is long: see Setting::fit
        Kind::Numbers => vec![],
        Kind::IntegerOrNone => integers.into_iter().map(number).chain([Value::None]).collect(),
    });
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}
