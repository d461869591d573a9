//! The choices that make up a call of a loss: sizes, layouts, dtypes, options, operands, and how it is called.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use crate::case::{Case, Door, Floats, ScaleGiven, Wanted};
use crate::chosen::follows_another;
use crate::draw::{FLOATS, Rng, Setting, has, option_values};
use crate::samples::{Kind, samples};
use wgloss::header::{Role, Value};
use wgloss::{ClassAxis, DType, Loss, Observation};

/// The factors of a loss's calls.
pub struct Factors {
    pub loss: Box<dyn Loss>,
    /// The kinds of shapes. [`case`](Self::case) draws a shape of a kind; [`sizes`](Self::sizes) goes through all shapes.
    kinds: &'static [Kind],
    axes: &'static [ClassAxis],
    pub targets: &'static [DType],
    options: Vec<(&'static str, Vec<Value>)>,
    optional: Vec<&'static str>,
    /// Whether no earlier loss has the same walk. Sizes, doors, dtypes and scales matter to the walk alone, so that the
    /// first loss of each walk gets all of them, and the others get two of each.
    first: bool,
    doors: &'static [Door],
    observations: &'static [&'static [Observation]],
}

// a loss that is not the first of its walk gets only the first two of `GIVEN`, `STORED` and `DOORS`
const GIVEN: [ScaleGiven; 3] = [ScaleGiven::Not, ScaleGiven::Tensor, ScaleGiven::Number];
const EMPTY_IS_ZERO: [bool; 2] = [false, true];
const WEIGHTS: [f32; 2] = [1.0, -2.5];
const WANTED: [Wanted; 3] = [Wanted::Nothing, Wanted::Stored, Wanted::Added];
const STORED: [Floats; 4] = [Floats::All(FLOATS[0]), Floats::Mixed, Floats::All(FLOATS[1]), Floats::All(FLOATS[2])];
const OF_SOFTMAX: [&[Observation]; 3] = [&[], ALL_OF_SOFTMAX, &[Observation::Entropy, Observation::Predicted]];
const OF_ACCURACY: [&[Observation]; 2] = [&[], &[Observation::Accuracy]];
const OF_REGIONS: [&[Observation]; 3] = [&[], ALL_OF_REGIONS, &[Observation::Recall]];

const ALL_OF_SOFTMAX: &[Observation] = &[
    Observation::Accuracy,
    Observation::TopK(2),
    Observation::Entropy,
    Observation::Perplexity,
    Observation::Predicted,
    Observation::LogProb,
];
const ALL_OF_REGIONS: &[Observation] = &[Observation::Iou, Observation::Precision, Observation::Recall];

/// The sets of observations that are asked of a loss: none, all, and some of them.
fn observations(loss: &dyn Loss) -> &'static [&'static [Observation]] {
    match [Observation::Entropy, Observation::Iou, Observation::Accuracy].map(|observation| observation.is_of(loss)) {
        [true, ..] => &OF_SOFTMAX,
        [_, true, _] => &OF_REGIONS,
        [.., true] => &OF_ACCURACY,
        _ => &[&[]],
    }
}

const DOORS: [Door; 4] = [Door::Host, Door::OneBuffer, Door::Uploaded, Door::Wrapped];

impl Factors {
    pub fn of(loss: Box<dyn Loss>) -> Factors {
        let classes = has(&*loss, Role::Classes);
        let targets: &[DType] = match () {
            _ if has(&*loss, Role::Target) => &[DType::I32, DType::U32, DType::U8, DType::I64, DType::F32],
            _ if loss.header().operands.iter().any(|spec| spec.role.is_integer()) => {
                &[DType::I32, DType::U32, DType::U8, DType::I64]
            }
            _ => &[DType::F32],
        };
        let specs = loss.specs().into_iter().zip(loss.values());
        Factors {
            kinds: samples(&*loss).kinds,
            axes: if classes || has(&*loss, Role::Channels) || has(&*loss, Role::Pictures) {
                &[ClassAxis::Second, ClassAxis::Last]
            } else {
                &[ClassAxis::Second]
            },
            targets,
            options: specs.map(|(spec, default)| (spec.name, option_values(&spec, &default))).collect(),
            optional: loss.header().operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect(),
            first: !follows_another(&*loss),
            doors: &DOORS,
            observations: observations(&*loss),
            loss,
        }
    }

    /// These factors with one kind of sizes and one door, for tests that set the shape and the door themselves.
    pub fn of_one_size(self) -> Factors {
        Factors { kinds: &self.kinds[..1], doors: &DOORS[..1], ..self }
    }

    /// These factors as for a loss that is not the first of its walk: with two of each choice that matters to the walk
    /// alone.
    pub fn without_the_walk(self) -> Factors {
        Factors { first: false, ..self }
    }

    /// How many choices each factor has.
    pub fn choices(&self) -> Vec<usize> {
        let reductions = self.loss.header().reductions.len();
        let some = |choices: usize| if self.first { choices } else { choices.min(2) };
        let mut choices = vec![some(self.kinds.len()), self.axes.len(), some(self.targets.len()), reductions];
        choices.extend([some(GIVEN.len()), some(GIVEN.len()), WEIGHTS.len(), WANTED.len()]);
        choices.extend([some(self.doors.len()), some(STORED.len()), EMPTY_IS_ZERO.len(), self.observations.len()]);
        choices.extend(self.optional.iter().map(|_| 2));
        choices.extend(self.options.iter().map(|(_, values)| values.len()));
        choices
    }

    /// The case of one choice for each factor, in the order of [`choices`](Self::choices).
    pub fn case(&self, row: &[usize]) -> Case {
        let (head, rest) = row.split_at(12);
        let (optional, options) = rest.split_at(self.optional.len());
        let seed = row.iter().fold(7, |seed: u64, &choice| seed.wrapping_mul(31).wrapping_add(choice as u64));
        // a loss that gets two kinds gets the two before the last kind: neither empty shapes nor the longest
        let before = if self.first { 0 } else { self.kinds.len().saturating_sub(3) };
        let shapes = self.kinds[before + head[0]].shapes;
        let options: Vec<_> =
            self.options.iter().zip(options).map(|((name, values), &k)| (*name, values[k].clone())).collect();
        // a soft cap makes logits equal in f32 that differ on the twin, which changes which logit is the greatest
        let caps = options.iter().any(|(name, value)| *name == "softcap" && *value != Value::None);
        let target = self.targets[if self.first || head[2] == 0 { head[2] } else { self.targets.len() - 1 }];
        Case {
            id: self.loss.header().id,
            options,
            setting: self.setting(shapes[Rng::new(seed).below(shapes.len())], self.axes[head[1]], target),
            reduction: self.loss.header().reductions[head[3]],
            optional: self.optional.iter().zip(optional).filter(|&(_, &on)| on == 1).map(|(name, _)| *name).collect(),
            upstream: GIVEN[head[4]],
            divide_by: GIVEN[head[5]],
            weight: WEIGHTS[head[6]],
            wanted: WANTED[head[7]],
            door: self.doors[head[8]],
            floats: STORED[head[9]],
            empty_is_zero: EMPTY_IS_ZERO[head[10]],
            // inspections refuse some calls, on the GPU and on the CPU alike
            checked: Rng::new(seed ^ 0xc4).once_in(4),
            observations: if caps { &OF_SOFTMAX[2][..head[11].min(1)] } else { self.observations[head[11]] },
            seed,
        }
    }

    /// The setting of a shape that is given as `[N, C, ...]`. The class axis is moved to where `axis` says.
    fn setting(&self, shape: &[usize], axis: ClassAxis, target: DType) -> Setting {
        let mut shape = shape.to_vec();
        if axis == ClassAxis::Last {
            let classes = shape.remove(1);
            shape.push(classes);
        }
        Setting::new(&*self.loss, &shape, axis, target)
    }

    /// Every shape under every reduction and layout, with all other choices as [`Case::new`] makes them.
    pub fn sizes(&self) -> impl Iterator<Item = Case> {
        let reductions = self.loss.header().reductions;
        let shapes = self
            .kinds
            .iter()
            .flat_map(|kind| kind.shapes)
            .flat_map(|shape| self.axes.iter().map(move |axis| (shape, axis)));
        shapes.flat_map(move |(shape, axis)| {
            reductions.iter().map(move |&reduction| Case {
                setting: self.setting(shape, *axis, self.targets[0]),
                reduction,
                ..Case::new(self.loss.header().id, shape, self.targets[0])
            })
        })
    }
}
