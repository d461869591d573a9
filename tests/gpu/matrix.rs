//! Every option, reduction, layout, dtype, operand and door of every loss, pairwise, at the sizes where kernels change.

use crate::case::{Case, Door, Floats, Given, Wanted};
use crate::common::{FLOATS, Rng, Setting, all, follows_another, has, option_values};
use crate::judge::Failures;
use crate::{fresh_gpu, gpu, pairs};
use wgloss::{ClassAxis, DType, Leaf, Loss, Role, Value};

/// Shapes of one kind: choices meet every kind, sizes every reduction and layout.
type Kinds = &'static [&'static [&'static [usize]]];

/// None at all, few, around a subgroup, around a workgroup, beyond a tile.
const ELEMENTS: Kinds = &[
    &[&[0], &[3, 0]],
    &[&[1], &[2]],
    &[&[63], &[64], &[65]],
    &[&[255], &[256], &[257]],
    &[&[1000], &[3, 5, 7], &[257, 3], &[2, 4099]],
];

/// None at all, one class, a lane a row, many lanes a row, rows cut into chunks, pixels of few classes and of many.
const CLASSES: Kinds = &[
    &[&[0, 3], &[2, 2, 0, 3]],
    &[&[1, 1], &[257, 1], &[3, 1, 33]],
    &[&[2, 2], &[63, 3], &[255, 2], &[256, 3], &[1000, 3]],
    &[&[64, 21], &[65, 80], &[5, 257], &[3, 1003]],
    &[&[2, 8197], &[1, 70001]],
    &[&[2, 3, 5, 7], &[1, 3, 65, 17], &[1, 21, 17, 3]],
    &[&[2, 80, 3, 11], &[2, 257, 3, 3]],
];

/// None at all, a lane a row, several, a workgroup a row, rows cut into chunks. Vectors of one coordinate have no direction.
const ROWS: Kinds = &[
    &[&[0, 3], &[3, 0]],
    &[&[1, 2], &[2, 3], &[257, 2]],
    &[&[63, 8], &[64, 9], &[65, 16], &[5, 17]],
    &[&[33, 64], &[7, 257], &[3, 1000]],
    &[&[3, 2049], &[2, 4100]],
    &[&[2, 16_385], &[1, 17_000]],
];

/// None at all, no elements, one row, few, around a tile, around several. Rows of one element have no direction.
const ALL_PAIRS: Kinds = &[
    &[&[0, 3], &[3, 0]],
    &[&[1, 2], &[1, 5], &[2, 3]],
    &[&[5, 17], &[16, 16], &[33, 65]],
    &[&[63, 5], &[64, 64], &[65, 63]],
    &[&[257, 15], &[130, 257]],
];

/// No items, no positions, one channel, few, around a tile, positions of several chunks.
const CHANNELS: Kinds = &[
    &[&[0, 3, 4], &[2, 3, 0]],
    &[&[1, 1], &[3, 1, 33]],
    &[&[2, 3], &[3, 5, 7], &[2, 17, 3, 5]],
    &[&[2, 63, 9], &[1, 64, 64], &[2, 65, 17]],
    &[&[2, 5, 1025], &[1, 130, 33]],
];

/// The factors of a loss's calls.
struct Factors {
    loss: Box<dyn Loss>,
    shapes: Kinds,
    axes: &'static [ClassAxis],
    targets: &'static [DType],
    options: Vec<(&'static str, Vec<Value>)>,
    optional: Vec<&'static str>,
    /// Whether it is the first of its kind: sizes, doors, dtypes and scales are the walk's business, and each walk meets all
    /// of theirs by one loss. The others meet two of each.
    first: bool,
}

// in each the first two are what a loss gets that is not the first of its kind
const GIVEN: [Given; 3] = [Given::Not, Given::Tensor, Given::Number];
const WEIGHTS: [f32; 2] = [1.0, -2.5];
const WANTED: [Wanted; 3] = [Wanted::Nothing, Wanted::Stored, Wanted::Added];
const STORED: [Floats; 4] = [Floats::All(FLOATS[0]), Floats::Mixed, Floats::All(FLOATS[1]), Floats::All(FLOATS[2])];
const DOORS: [Door; 4] = [Door::Host, Door::OneBuffer, Door::Uploaded, Door::Wrapped];

impl Factors {
    fn of(loss: Box<dyn Loss>) -> Factors {
        let classes = has(&*loss, Role::Classes);
        let targets: &[DType] = match () {
            _ if has(&*loss, Role::Target) => &[DType::I32, DType::U32, DType::U8, DType::I64, DType::F32],
            _ if [Role::Labels, Role::Index, Role::RowLabels].into_iter().any(|role| has(&*loss, role)) => {
                &[DType::I32, DType::U32, DType::U8, DType::I64]
            }
            _ => &[DType::F32],
        };
        let specs = loss.specs().into_iter().zip(loss.values());
        let shapes = match loss.leaf() {
            Leaf::Vectors(_) => ROWS,
            _ if classes => CLASSES,
            Leaf::Similarity(_) | Leaf::Linear(_) => ALL_PAIRS,
            Leaf::Gram(_) => CHANNELS,
            _ => ELEMENTS,
        };
        Factors {
            shapes,
            axes: if classes || has(&*loss, Role::Channels) {
                &[ClassAxis::Second, ClassAxis::Last]
            } else {
                &[ClassAxis::Second]
            },
            targets,
            options: specs.map(|(spec, default)| (spec.name, option_values(&spec, &default))).collect(),
            optional: loss.header().operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect(),
            first: !follows_another(&*loss),
            loss,
        }
    }

    /// How many levels each factor has.
    fn levels(&self) -> Vec<usize> {
        let reductions = self.loss.header().reductions.len();
        let some = |levels: usize| if self.first { levels } else { levels.min(2) };
        let mut levels = vec![some(self.shapes.len()), self.axes.len(), some(self.targets.len()), reductions];
        levels.extend([some(GIVEN.len()), some(GIVEN.len()), WEIGHTS.len(), WANTED.len()]);
        levels.extend([some(DOORS.len()), some(STORED.len())]);
        levels.extend(self.optional.iter().map(|_| 2));
        levels.extend(self.options.iter().map(|(_, values)| values.len()));
        levels
    }

    fn case(&self, row: &[usize]) -> Case {
        let (head, rest) = row.split_at(10);
        let (optional, options) = rest.split_at(self.optional.len());
        let seed = row.iter().fold(7, |seed: u64, &level| seed.wrapping_mul(31).wrapping_add(level as u64));
        // of two kinds those in the middle: neither none at all nor the longest
        let kind = self.shapes[if self.first { head[0] } else { self.shapes.len() - 3 + head[0] }];
        let target = self.targets[if self.first || head[2] == 0 { head[2] } else { self.targets.len() - 1 }];
        Case {
            id: self.loss.header().id,
            options: self.options.iter().zip(options).map(|((name, values), &k)| (*name, values[k].clone())).collect(),
            setting: self.setting(kind[Rng::new(seed).below(kind.len())], self.axes[head[1]], target),
            reduction: self.loss.header().reductions[head[3]],
            optional: self.optional.iter().zip(optional).filter(|&(_, &on)| on == 1).map(|(name, _)| *name).collect(),
            upstream: GIVEN[head[4]],
            divide_by: GIVEN[head[5]],
            weight: WEIGHTS[head[6]],
            wanted: WANTED[head[7]],
            door: DOORS[head[8]],
            floats: STORED[head[9]],
            seed,
        }
    }

    /// A shape that is given as `[N, C, ...]`, with its class axis where it is wanted.
    fn setting(&self, shape: &[usize], axis: ClassAxis, target: DType) -> Setting {
        let mut shape = shape.to_vec();
        if axis == ClassAxis::Last {
            let classes = shape.remove(1);
            shape.push(classes);
        }
        Setting::new(&*self.loss, &shape, axis, target)
    }

    /// Every size under every reduction and layout, all else as a program has it that asks for nothing special.
    fn sizes(&self) -> impl Iterator<Item = Case> {
        let reductions = self.loss.header().reductions;
        let shapes =
            self.shapes.iter().copied().flatten().flat_map(|shape| self.axes.iter().map(move |axis| (shape, axis)));
        shapes.flat_map(move |(shape, axis)| {
            reductions.iter().map(move |&reduction| Case {
                setting: self.setting(shape, *axis, self.targets[0]),
                reduction,
                ..Case::new(self.loss.header().id, shape, self.targets[0])
            })
        })
    }
}

#[test]
fn every_pair_of_choices_gives_what_the_twin_gives() {
    // its own device: drivers compile for one device on one thread
    let gpu = fresh_gpu();
    let mut failures = Failures::default();
    for factors in all().into_iter().map(Factors::of) {
        let rows = pairs::pairs(&factors.levels(), &mut Rng::new(1), |row| factors.case(row).is_valid());
        rows.iter().map(|row| factors.case(row)).for_each(|case| failures.note(&case, case.run(&gpu)));
        println!("{}: {} calls", factors.loss.header().id, rows.len());
    }
    failures.raise();
}

#[test]
fn every_size_under_every_reduction_and_layout_gives_what_the_twin_gives() {
    let mut failures = Failures::default();
    for factors in all().into_iter().map(Factors::of) {
        factors.sizes().for_each(|case| failures.note(&case, case.run(gpu())));
    }
    failures.raise();
}
