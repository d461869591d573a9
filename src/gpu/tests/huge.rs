//! Axes of any length: whatever shapes operands claim, GPU and CPU accept or refuse alike, quickly, and with the same
//! error.

use super::cases::{noop, settings};
use crate::array::{Array, Data};
use crate::check;
use crate::cpu;
use crate::error::{Error, Result};
use crate::gpu::plan::{KeptSums, Request, Wanted, plan};
use crate::gpu::target::{self, Target};
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::options::{Kind, OptionType, Value};
use crate::reduction::Reduction;
use crate::role::{Axis, Role, Sizes};
use crate::shape::{ClassAxis, DType, elements};
use crate::term::{Operand, Part, Term};
use std::time::{Duration, Instant};

/// The lengths of axes: 0, small, and more than 31, 32 and 40 bits can count.
const LENGTHS: [u64; 8] = [0, 0, 1, 2, 3, 1 << 31, 1 << 32, 1 << 40];

/// How many calls are drawn for each loss.
const DRAWS: usize = 400;

/// The most elements of an operand that is allocated for the twin.
const MADE: usize = 4096;

/// How long a call may take. This is far more than any call takes, since the machine may be busy.
const QUICK: Duration = Duration::from_secs(20);

/// A generator of pseudorandom numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn length(&mut self) -> usize {
        usize::try_from(LENGTHS[self.below(LENGTHS.len())]).unwrap_or(usize::MAX)
    }

    fn shape(&mut self, axes: usize) -> Vec<usize> {
        (0..axes).map(|_| self.length()).collect()
    }
}

/// A call.
#[derive(Clone, Debug)]
struct Call {
    loss: fn() -> Box<dyn Loss>,
    options: Vec<(&'static str, Value)>,
    axis: ClassAxis,
    /// The operands: name, shape and dtype of each.
    operands: Vec<(&'static str, Vec<usize>, DType)>,
    /// Whether the call asks for the statistics of a shard.
    statistics: bool,
    /// Where the rows of a shard begin in the batch.
    rows_from: Option<usize>,
}

impl Call {
    /// A call of a loss with its default options and these operands.
    fn of(id: &str, operands: &[(&'static str, Vec<usize>, DType)]) -> Call {
        Call {
            loss: crate::by_id(id).expect("a loss").header().default,
            options: Vec::new(),
            axis: ClassAxis::Second,
            operands: operands.to_vec(),
            statistics: false,
            rows_from: None,
        }
    }

    fn drawn(loss: &dyn Loss, draw: &mut Draw) -> Call {
        let header = loss.header();
        let settings = settings(loss);
        let mut options = settings[draw.below(settings.len())].clone();
        let reduction = header.reductions[draw.below(header.reductions.len())];
        options.push(("reduction", reduction.get()));
        let axis = [ClassAxis::Second, ClassAxis::Last][draw.below(2)];
        let axes = 1 + draw.below(4);
        let leader = draw.shape(axes);
        let dense = draw.below(2) == 0;
        let sizes = Sizes::new(loss, &leader, axis, dense);
        let free = draw.length();
        let mut operands = Vec::new();
        for spec in header.operands {
            if spec.optional && draw.below(2) == 0 {
                continue;
            }
            let fitting = sizes.shape(spec.role).into_iter().map(|axis| match axis {
                Axis::Of(length) | Axis::AtMost(length) => length,
                Axis::Free(_) => free,
            });
            let shape = match draw.below(8) {
                0 => {
                    let axes = draw.below(4);
                    draw.shape(axes)
                }
                _ => fitting.collect(),
            };
            let labels = spec.role.is_integer() || (spec.role == Role::Target && !dense);
            operands.push((spec.name, shape, if labels { DType::I32 } else { DType::F32 }));
        }
        let pairs = matches!(loss.leaf(), Leaf::Similarity(_) | Leaf::Hardest(_));
        let rows_from = (pairs && draw.below(3) == 0).then(|| draw.length());
        let merges = match loss.leaf() {
            Leaf::Softmax(_) | Leaf::Region(_) | Leaf::Linear(_) => true,
            Leaf::ClassSum(leaf) => leaf.classes_stand_alone(),
            _ => false,
        };
        let statistics = merges && draw.below(3) == 0;
        Call { loss: header.default, options, axis, operands, statistics, rows_from }
    }

    fn term<T: Operand>(&self, mut of: impl FnMut(&[usize], DType) -> T) -> Result<(Term<T>, Vec<T>)> {
        let mut loss = (self.loss)();
        for (place, _) in loss.specs().iter().enumerate().filter(|(_, spec)| spec.kind == Kind::Numbers) {
            assert!(loss.set_at(place, &Value::Numbers(vec![0.5; 2])));
        }
        let tensors: Vec<T> = self.operands.iter().map(|(_, shape, dtype)| of(shape, *dtype)).collect();
        let names = self.operands.iter().map(|(name, ..)| *name);
        let mut term = Term::from_options(loss, self.options.iter().cloned(), names.zip(&tensors))?;
        if let Some(first) = self.rows_from {
            term = term.rows_from(first);
        }
        Ok((term, tensors))
    }

    /// Plans every part, with every gradient.
    fn on_gpu(&self) -> Result<()> {
        let claim = |shape: &[usize], dtype| noop().claim(shape, dtype).with_class_axis(self.axis);
        let (term, _) = self.term(claim)?;
        let (parts, checked) = if self.statistics {
            let (part, checked, _) = check::statistics(&term)?;
            (vec![part], vec![checked])
        } else {
            let (term, checked) = check::term(&term)?;
            (term.parts, checked)
        };
        for (part, checked) in parts.iter().zip(&checked) {
            let wanted = if self.statistics { Vec::new() } else { wanted(part) };
            plan(&Request {
                part,
                checked,
                wanted: &wanted,
                first_outcome_row: 0,
                outcome_rows: 1,
                first_sums_entry: 0,
                first_observed_row: 1,
                first_observed_entry: 1,
                loss_slot: 0,
                sums: KeptSums::Nothing,
                workspace_bound: 128 << 20,
                statistics: self.statistics,
                combined: false,
                target: &Target::new(target::Kind::Gpu, false),
            })?;
        }
        Ok(())
    }

    /// Computes the value and every gradient, or `None` if the operands are too large to allocate.
    fn on_cpu(&self) -> Option<Result<()>> {
        let mut lengths = self.operands.iter().map(|(_, shape, _)| elements(shape));
        let made = lengths.all(|n| n.is_some_and(|n| n <= MADE));
        made.then(|| {
            let array = |shape: &[usize], dtype: DType| {
                let length = elements(shape).unwrap_or(0);
                let data = match dtype.is_float() {
                    true => Data::F32(vec![0.5; length].into()),
                    false => Data::I32(vec![0; length].into()),
                };
                Array::from_data(data, shape).expect("as many elements as the shape has").with_class_axis(self.axis)
            };
            let (term, arrays) = self.term(array)?;
            if self.statistics {
                return cpu::statistics(&term).map(drop);
            }
            let header = (self.loss)().header();
            let differentiable =
                |(name, ..): &(&str, Vec<usize>, DType)| header.operand(name).is_some_and(|s| s.gradient);
            let of = self.operands.iter().zip(&arrays).filter(|(operand, _)| differentiable(operand));
            cpu::gradient_list(&term, &of.map(|(_, array)| array).collect::<Vec<_>>()).map(drop)
        })
    }
}

fn wanted(part: &Part<Tensor>) -> Vec<Wanted> {
    let given = part.loss.header().operands.iter().filter(|spec| spec.gradient && part.operand(spec.name).is_some());
    let wanted = given.enumerate().map(|(output, spec)| Wanted {
        operand: spec.name,
        output,
        add: false,
        dtype: DType::F32,
        in_place: false,
    });
    wanted.collect()
}

/// Whether only one device refuses this. The other may accept it.
fn is_own(refused: &Result<()>) -> bool {
    matches!(refused, Err(Error::TooLarge { what, .. }) if what.contains("on the GPU") || what.contains("on the CPU"))
}

/// The answers of GPU and twin. Asserts that they are quick. The twin has none if the operands are too large to
/// allocate.
fn both(call: &Call) -> (Result<()>, Option<Result<()>>) {
    let timed = |of: &dyn Fn() -> Option<Result<()>>| {
        let began = Instant::now();
        let answer = of();
        assert!(began.elapsed() < QUICK, "{call:?}: {:?}", began.elapsed());
        answer
    };
    (timed(&|| Some(call.on_gpu())).expect("an answer"), timed(&|| call.on_cpu()))
}

#[test]
fn both_devices_refuse_alike_whatever_the_axes() {
    let mut draw = Draw(20_261_128);
    let (mut accepted, mut refused, mut own) = (0, 0, 0);
    for loss in crate::all() {
        for _ in 0..DRAWS {
            let call = Call::drawn(&*loss, &mut draw);
            let (gpu, cpu) = both(&call);
            let Some(cpu) = cpu else { continue };
            match (&gpu, &cpu) {
                _ if is_own(&gpu) || is_own(&cpu) => own += 1,
                // the GPU checks labels, and adds up the lengths of their sequences, only when it runs
                (Ok(()), Err(Error::LabelOutOfRange { .. })) => refused += 1,
                (Ok(()), Err(Error::ShapeMismatch { expected, .. })) if expected.contains("the sum of") => refused += 1,
                _ => {
                    assert_eq!(gpu, cpu, "{call:?}");
                    accepted += u32::from(gpu.is_ok());
                    refused += u32::from(gpu.is_err());
                }
            }
        }
    }
    assert!(
        accepted > 1000 && refused > 1000 && own > 10,
        "{accepted} accepted, {refused} refused, {own} by one device"
    );
}

/// An operand without elements takes no memory, but its shape may claim more rows or classes than any machine can walk.
#[test]
fn operands_without_elements_may_claim_any_shape() {
    let far = |power: u32| usize::try_from(1u64 << power).unwrap_or(usize::MAX);
    let (f, i) = (DType::F32, DType::I32);
    for power in [31, 33, 40, 62] {
        let (n, none) = (far(power), || vec![0, far(power)]);
        let calls = [
            Call::of("cross_entropy", &[("input", none(), f), ("target", vec![0], i)]),
            Call::of("nll", &[("input", none(), f), ("target", vec![0], i)]),
            Call::of("distillation", &[("student", none(), f), ("teacher", none(), f)]),
            Call::of("dice", &[("input", none(), f), ("target", vec![0], i)]),
            Call::of("tversky", &[("input", vec![1, n, 0], f), ("target", vec![1, 0], i)]),
            Call::of("generalized_dice", &[("input", vec![n, 2, 0], f), ("target", vec![n, 0], i)]),
            Call::of("info_nce", &[("query", vec![n, 0], f), ("key", vec![n, 0], f)]),
            Call::of(
                "siglip",
                &[
                    ("image", vec![n, 0], f),
                    ("text", vec![n, 0], f),
                    ("logit_scale", vec![1], f),
                    ("logit_bias", vec![1], f),
                ],
            ),
            Call::of(
                "linear_cross_entropy",
                &[("input", vec![0, 0], f), ("weight", vec![n, 0], f), ("target", vec![0], i)],
            ),
            Call::of("gram_style", &[("input", vec![1, n, 0], f), ("target", vec![1, n, 0], f)]),
            Call::of(
                "triplet_margin",
                &[("anchor", vec![n, 0], f), ("positive", vec![n, 0], f), ("negative", vec![n, 0], f)],
            ),
        ];
        for call in calls {
            let (gpu, cpu) = both(&call);
            let cpu = cpu.expect("operands without elements can be made");
            if power == 31 {
                // 32 bits can count such an axis, so each device decides for itself
                assert!(is_own(&gpu) || is_own(&cpu) || gpu == cpu, "{call:?}: {gpu:?}, {cpu:?}");
                continue;
            }
            assert_eq!(gpu, cpu, "{call:?}");
            let Err(Error::TooLarge { what, needed, limit }) = gpu else { panic!("{call:?}: {gpu:?}") };
            assert_eq!(
                (needed % (1 << power), limit),
                (0, 4_261_412_863),
                "{what}: the number itself, not a clamped one"
            );
        }
    }
}

/// Pairs of rows take memory on the CPU even if rows have no elements. A bound that callers can set refuses too many pairs.
#[test]
fn the_memory_of_a_twin_is_bounded() {
    let rows = Array::new::<f32>(&[], [1 << 17, 0]).expect("no elements");
    match cpu::value(&crate::InfoNce::default().of(&rows, &rows)) {
        Err(Error::TooLarge { what, needed, limit }) => {
            assert!(what.contains("info_nce: bytes of memory on the CPU"), "{what}");
            assert!(needed > 1 << 39 && limit == 4 << 30, "{needed} of {limit}");
        }
        other => panic!("{other:?}"),
    }
    let few = Array::new::<f32>(&[], [100, 0]).expect("no elements");
    assert!(cpu::value(&crate::InfoNce::default().of(&few, &few).reduce(Reduction::Sum)).is_ok());
}

/// If only the GPU refuses a call, the error says so, and docs/losses.md has the limit.
#[test]
fn limits_of_the_gpu_say_so_and_are_documented() {
    let f = DType::F32;
    let both = |id: &str, names: [&'static str; 2], shape: &[usize]| {
        Call::of(id, &names.map(|name| (name, shape.to_vec(), f)))
    };
    let dice = |c: usize| Call::of("dice", &[("input", vec![1, c, 2], f), ("target", vec![1, 2], DType::I32)]);
    let rows = |width: usize| both("info_nce", ["query", "key"], &[2, width]);
    let gram = |c: usize, s: usize| both("gram_style", ["input", "target"], &[1, c, s]);
    let answers = |rows: usize, answers: usize| {
        let (hidden, weight) = (("hidden", vec![rows, 1], f), ("weight", vec![2, 1], f));
        let [target, segments] = ["target", "segments"].map(|name| (name, vec![rows], DType::I32));
        Call::of("linear_dpo", &[hidden, weight, target, segments, ("reference", vec![answers], f)])
    };
    for (call, said, limit) in [
        (
            answers(2_621_441, 2),
            "linear_dpo on the GPU: rows of all segments: 2621441 needed, the limit is 2621440",
            "2,621,440 tokens",
        ),
        (
            answers(2_621_440, 98_306),
            "linear_dpo on the GPU: dispatches of all segments: 16385 needed, the limit is 16384",
            "2^38 tokens times answers",
        ),
        (dice(8193), "dice on the GPU: classes: 8193 needed, the limit is 8192", "8,192 classes"),
        (rows(32_769), "info_nce on the GPU: elements of a row: 32769 needed, the limit is 32768", "32,768 elements"),
        (
            gram(32_769, 2),
            "gram_style on the GPU: channels of an item: 32769 needed, the limit is 32768",
            "32,768 channels",
        ),
        (
            gram(2, 2_097_153),
            "gram_style on the GPU: positions of an item: 2097153 needed, the limit is 2097152",
            "2,097,152 positions",
        ),
    ] {
        assert_eq!(call.on_gpu().map_err(|error| error.to_string()), Err(said.to_string()));
        let page = include_str!("../../../docs/losses.md").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(limit), "docs/losses.md lacks {limit}");
    }
    assert_eq!((dice(8192).on_gpu(), rows(32_768).on_gpu()), (Ok(()), Ok(())));
}
