//! What the fuzz targets in fuzz/ use: a source of choices, and the functions that fuzz plans and leaves of callers. No
//! other code should use it.

use crate::error::Error;
use crate::gpu::case::{Case, FLOATS, Gradients, LABELS, MATRICES, Shard, noop};
use crate::gpu::{outside_leaf, plan::reads_first};
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::options::{Kind, OptionSpec, Range, Value};
use crate::shape::ClassAxis;

/// Bytes as a source of choices. After the last byte it yields zeros, so that every input is valid.
#[derive(Debug)]
pub struct Draw<'a>(pub &'a [u8]);

impl Draw<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// The next four bytes, as a little-endian number.
    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.byte()))
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        let drawn = if end <= 256 { usize::from(self.byte()) } else { self.word() as usize };
        drawn % end
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One of these.
    pub fn of<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())].clone()
    }

    /// The length of an axis. Of eight draws, three are below 34, two lie near a power of two and one near a power of
    /// ten, where walks may be cut in another way. One is below 2^16, and one is any `u32`.
    fn length(&mut self) -> usize {
        match self.below(8) {
            0..=2 => self.below(34),
            3 | 4 => ((1usize << self.below(21)) + self.below(3)).saturating_sub(1),
            5 => 10usize.pow(self.below(8) as u32) + self.below(9),
            6 => self.below(1 << 16),
            _ => self.word() as usize,
        }
    }

    /// A value for an option, or `None` to leave the option at its default.
    pub fn option(&mut self, spec: &OptionSpec) -> Option<Value> {
        Some(match spec.kind {
            _ if self.below(3) == 0 => return None,
            Kind::Flag => Value::Flag(self.flag()),
            Kind::Choice(names) => Value::Name(self.of(names).into()),
            Kind::NumberOrNone | Kind::IntegerOrNone if self.flag() => Value::None,
            Kind::Number | Kind::NumberOrNone => Value::Number(self.number(spec.range)),
            Kind::Integer => match spec.range {
                Range::Within(low, high) => Value::Number(low + self.below((high - low) as usize + 1) as f64),
                _ => return None,
            },
            Kind::IntegerOrNone => Value::Number(self.of(&[-100.0, -1.0, 0.0, 1.0, 2.0, 255.0])),
            Kind::Numbers => return None,
        })
    }

    /// A number in a range: near an end of the range, a number at which some leaves change their formula, or any number
    /// below 4295.
    fn number(&mut self, range: Range) -> f64 {
        let least = f64::from(f32::MIN_POSITIVE);
        let ends = match range {
            Range::Any => [-1.0, 1.0],
            Range::AtLeast(low) => [low, low + 1.0],
            Range::Above(low) => [low + least, low + 1.0],
            Range::Within(low, high) => [low, high],
            Range::Between(low, high) => [low + least, (low + high) / 2.0],
        };
        let numbers = [ends[0], ends[1], 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 1e-3, 1e3, 1e30, f64::from(self.word()) / 1e6];
        let drawn = f64::from(self.of(&numbers) as f32);
        if range.contains(drawn) { drawn } else { f64::from(ends[1] as f32) }
    }
}

/// The most bindings that an operand of eight bytes an element is cut into. Most plans do not bound their dispatches, so a long
/// operand with a small limit on bindings would give too many to check.
const MOST_BINDINGS: u64 = 1 << 11;

/// Plans a loss for drawn shapes, options, limits and a drawn kind of adapter.
///
/// # Panics
/// If the plan breaks an invariant of plans, or the refusal is [`Error::Gpu`], has no message, or names a limit that is not
/// exceeded.
pub fn plan(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    let losses = crate::losses::walked();
    let loss = &losses[draw.below(losses.len())];
    let case = case(&**loss, &mut draw);
    match case.kept_plan(noop()) {
        Ok(_) => {}
        Err(Error::TooLarge { what, needed, limit }) => {
            assert!(needed > limit, "{what}: {needed} of {limit}: {case:?}")
        }
        Err(Error::Gpu(why)) => panic!("{why}: {case:?}"),
        Err(refused) => assert!(!refused.to_string().is_empty(), "{case:?}"),
    }
}

/// Draws a case of a loss.
fn case(loss: &dyn Loss, draw: &mut Draw<'_>) -> Case {
    let header = loss.header();
    let specs = loss.specs();
    let options = specs.iter().filter_map(|spec| Some((spec.name, draw.option(spec)?))).collect();
    let mut shape = shape(loss, draw);
    if let Some(last) = shape.last_mut().filter(|_| specs.iter().any(|spec| spec.kind == Kind::Numbers)) {
        // `Case` sets one number for each index of the last axis
        *last = (*last).clamp(1, 1 << 10);
    }
    // a shape with too many elements is refused before anything is planned, so seven of eight shapes are cut to the limit
    if draw.below(8) > 0 {
        let too_many =
            |shape: &[usize]| shape.iter().map(|&axis| axis as u128).product::<u128>() >= (1 << 32) - (1 << 25);
        while too_many(&shape) {
            let longest = (0..shape.len()).max_by_key(|&axis| shape[axis]).unwrap_or(0);
            shape[longest] /= 2;
        }
    }
    let free = draw.length();
    let bytes = 8 * shape.iter().fold(1u64, |product, &axis| product.saturating_mul(axis.max(1) as u64).min(1 << 50));
    let binding_limit = ((1u64 << (14 + draw.below(21))) + u64::from(draw.word() % 256) * 4).max(bytes / MOST_BINDINGS);
    let spread = match loss.leaf() {
        Leaf::Softmax(_) => true,
        leaf => matches!(leaf, Leaf::Region(_)) && leaf.fused_loss().is_none(),
    };
    let mut gradients = vec![Gradients::None, Gradients::Store, Gradients::Store, Gradients::Add];
    gradients.extend(reads_first(loss.leaf()).then_some(Gradients::InPlace));
    Case {
        options,
        reduction: draw.of(header.reductions),
        axis: draw.of(&[ClassAxis::Second, ClassAxis::Last]),
        target: draw.of(&[LABELS, FLOATS].concat()),
        floats: draw.of(FLOATS),
        optional: {
            let optional = header.operands.iter().filter(|spec| spec.optional);
            optional.filter(|_| draw.flag()).map(|spec| spec.name).collect()
        },
        upstream_tensor: draw.flag(),
        divide_by_tensor: draw.flag(),
        gradients: draw.of(&gradients),
        free,
        workspace_bound: 1 << (12 + draw.below(21)),
        shard: if spread {
            draw.of(&[Shard::Whole, Shard::Whole, Shard::Statistics, Shard::Among])
        } else {
            Shard::Whole
        },
        on_cpu: draw.flag(),
        subgroup: draw.of(&[None, Some(4), Some(8), Some(16), Some(32)]),
        matrices: draw.flag().then(|| draw.of(&MATRICES)),
        small: draw.flag(),
        binding_limit: binding_limit.min(4 * u64::from(u32::MAX)),
        integers: draw.flag().then(|| draw.of(LABELS)),
        ..Case::new(loss, &shape)
    }
}

fn shape(loss: &dyn Loss, draw: &mut Draw<'_>) -> Vec<usize> {
    let axes = match loss.leaf() {
        Leaf::Pointwise(_) => 1 + draw.below(3),
        Leaf::Boxes(_) => draw.below(3),
        Leaf::Vectors(_)
        | Leaf::Similarity(_)
        | Leaf::Hardest(_)
        | Leaf::Linear(_)
        | Leaf::LinearDivergence(_)
        | Leaf::Segments(_) => 2,
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        Leaf::Neighbours(_) | Leaf::Windows(_) => 4,
        Leaf::Alignments(_) => 3,
        _ => 2 + draw.below(3),
    };
    let mut shape: Vec<usize> = (0..axes).map(|_| draw.length()).collect();
    shape.extend(matches!(loss.leaf(), Leaf::Boxes(_)).then_some(4));
    shape
}

/// Makes the kernels of a loss. Two bytes choose its family and the kind of kernels, as `outside_leaf::prepare` says.
/// The text after them is the shader of its leaf.
///
/// # Panics
/// If this gives anything but success, [`Error::TooLarge`], or [`Error::InvalidShader`] with a message.
pub fn leaf(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    let (family, kind) = (draw.byte(), draw.byte());
    match outside_leaf::prepare(family.into(), kind.into(), &String::from_utf8_lossy(draw.0)) {
        Ok(()) | Err(Error::TooLarge { .. }) => {}
        Err(Error::InvalidShader { message, .. }) => assert!(!message.is_empty(), "a compiler that says nothing"),
        Err(other) => panic!("{}: {other}", other.kind()),
    }
}
