//! Every way in which a loss can be planned, drawn from its header: options, operands, layouts, gradients.

use crate::check;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::gpu::plan::{Plan, Request, Wanted, plan, reads_first, rounding};
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec};
use crate::options::{Kind, OptionSpec, OptionType, Range, Value};
use crate::reduction::Reduction;
use crate::role::{Axis, Role, Sizes};
use crate::shape::{ClassAxis, DType};
use crate::term::Term;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The dtypes that an operand of each kind can have on the GPU.
pub(super) const FLOATS: &[DType] = &[DType::F32, DType::F16, DType::BF16];
pub(super) const LABELS: &[DType] = &[DType::I32, DType::U32, DType::U8, DType::I64];

/// A device that does nothing, with the limits that WebGPU gives by default.
pub(super) fn noop() -> &'static Gpu {
    static NOOP: OnceLock<Gpu> = OnceLock::new();
    NOOP.get_or_init(|| {
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
        Gpu::from_wgpu(device, queue)
    })
}

/// One way to plan a loss.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub default: fn() -> Box<dyn Loss>,
    pub options: Vec<(&'static str, Value)>,
    pub reduction: Reduction,
    pub shape: Vec<usize>,
    pub axis: ClassAxis,
    /// The dtype of the target, of labels or of an index.
    pub target: DType,
    /// The dtype of everything else.
    pub floats: DType,
    /// The optional operands that are given.
    pub optional: Vec<&'static str>,
    pub upstream_tensor: bool,
    pub divide_by_tensor: bool,
    pub gradients: Gradients,
    /// The length of an axis that the prediction does not settle.
    pub free: usize,
    pub workspace_bound: u64,
    pub piece: Piece,
    pub on_cpu: bool,
    pub in_eights: bool,
    pub small: bool,
    pub binding_limit: u64,
}

/// What is planned of a loss that may be spread over devices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// It is not.
    Whole,
    /// The statistics of a piece.
    Statistics,
    /// A piece, where those of three are given.
    Among,
}

/// The gradients that are wanted: of every operand that has one, stored or added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gradients {
    None,
    Store,
    Add,
    /// That of the prediction alone, in its place.
    InPlace,
}

impl Case {
    /// A loss with its default options and nothing optional.
    pub fn new(loss: &dyn Loss, shape: &[usize]) -> Case {
        Case {
            default: loss.header().default,
            options: Vec::new(),
            reduction: Reduction::Mean,
            shape: shape.to_vec(),
            axis: ClassAxis::Second,
            target: DType::I32,
            floats: DType::F32,
            optional: Vec::new(),
            upstream_tensor: false,
            divide_by_tensor: false,
            gradients: Gradients::None,
            free: 1000,
            workspace_bound: 128 << 20,
            piece: Piece::Whole,
            on_cpu: false,
            in_eights: false,
            small: false,
            binding_limit: 128 << 20,
        }
    }

    /// The loss with its options.
    pub fn loss(&self) -> Box<dyn Loss> {
        let mut loss = (self.default)();
        for (name, value) in &self.options {
            let place = loss.specs().iter().position(|spec| spec.name == *name).expect("an option of the loss");
            assert!(loss.set_at(place, value), "{name} is {value}");
        }
        for (place, _) in loss.specs().iter().enumerate().filter(|(_, spec)| spec.kind == Kind::Numbers) {
            // as many as the last axis is long
            let length = self.shape.last().copied().unwrap_or(1);
            assert!(loss.set_at(place, &Value::Numbers(vec![0.5; length])));
        }
        loss
    }

    /// The plan of the loss.
    pub fn plan(&self, gpu: &Gpu) -> Result<Plan> {
        self.requested(gpu, plan)
    }

    /// The rounding of the first gradient, where it is stored in 16 bits: as if another place of a term had a part in it.
    pub fn rounding(&self, gpu: &Gpu) -> Result<Option<Plan>> {
        self.requested(gpu, |request| {
            let first = request.wanted.first().filter(|wanted| wanted.dtype != DType::F32 && !wanted.in_place);
            let round = |first: &Wanted| {
                let elements = request.part.operand(first.operand).map_or(0, Tensor::len);
                rounding(&Request { wanted: &[*first], ..*request }, elements)
            };
            first.map(round).transpose()
        })
    }

    /// What is made of the request for the loss, on tensors that claim their shapes.
    fn requested<R>(&self, gpu: &Gpu, make: impl FnOnce(&Request<'_>) -> Result<R>) -> Result<R> {
        let loss = self.loss();
        let header = loss.header();
        let sizes = Sizes::new(&*loss, &self.shape, self.axis, self.target.is_float());
        let operands: Vec<(&str, Tensor)> = header
            .operands
            .iter()
            .filter(|spec| !spec.optional || self.optional.contains(&spec.name))
            .map(|spec| (spec.name, self.operand(gpu, spec, &sizes)))
            .collect();
        let options = [("reduction", self.reduction.get())];
        let mut term = Term::from_options(loss, options, operands.iter().map(|(name, tensor)| (*name, tensor)))?;
        if self.upstream_tensor {
            let whole = self.reduction == Reduction::None;
            let shape = if whole { sizes.values } else { vec![1] };
            term = term.upstream(&gpu.claim(shape, self.floats));
        }
        if self.divide_by_tensor {
            term = term.divide_by(&gpu.claim([1], self.floats));
        }
        if self.piece == Piece::Among {
            let (_, _, shape) = check::statistics(&term)?;
            term = term.among(&gpu.claim([&[3], &shape[..]].concat(), DType::F32));
        }
        let (term, checked) = check::term(&term)?;
        let wanted = self.wanted();
        make(&Request {
            part: &term.parts[0],
            checked: &checked[0],
            wanted: &wanted,
            place: 0,
            slot: 0,
            places: 1,
            workspace_bound: self.workspace_bound,
            statistics: self.piece == Piece::Statistics,
            binding_limit: self.binding_limit,
            on_cpu: self.on_cpu,
            in_eights: self.in_eights,
            small: self.small,
        })
    }

    /// The gradients that are wanted, each with an output of its own.
    pub fn wanted(&self) -> Vec<Wanted> {
        let header = (self.default)().header();
        let given = |spec: &&OperandSpec| !spec.optional || self.optional.contains(&spec.name);
        let differentiable = header.operands.iter().filter(|spec| spec.gradient).filter(given);
        let add = match self.gradients {
            _ if self.piece == Piece::Statistics => return Vec::new(),
            Gradients::None => return Vec::new(),
            Gradients::Store | Gradients::InPlace => false,
            Gradients::Add => true,
        };
        let in_place = self.gradients == Gradients::InPlace;
        let most = if in_place { 1 } else { usize::MAX };
        differentiable
            .take(most)
            .enumerate()
            .map(|(output, spec)| Wanted { operand: spec.name, output, add, dtype: self.floats, in_place })
            .collect()
    }

    fn operand(&self, gpu: &Gpu, spec: &OperandSpec, sizes: &Sizes) -> Tensor {
        let length = |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { self.free };
        let shape: Vec<usize> = sizes.shape(spec.role).into_iter().map(length).collect();
        let target = matches!(spec.role, Role::Target) || spec.role.is_integer();
        gpu.claim(shape, if target { self.target } else { self.floats }).with_class_axis(self.axis)
    }
}

/// Every combination of a loss's flags, names and values that can be none, the numbers being all the default or all
/// another: they are parameters of the same kernels, but for what a leaf switches on by a number that is not 0.
pub(super) fn settings(loss: &dyn Loss) -> Vec<Vec<(&'static str, Value)>> {
    let specs = loss.specs();
    let mut settings = vec![Vec::new()];
    for spec in &specs {
        let values = match spec.kind {
            Kind::Number | Kind::Numbers => continue,
            Kind::Integer => match spec.range {
                Range::Within(low, high) => vec![Value::Number(low), Value::Number(high)],
                _ => continue,
            },
            Kind::Flag => vec![Value::Flag(false), Value::Flag(true)],
            Kind::Choice(names) => names.iter().map(|name| Value::Name(name.to_string())).collect(),
            Kind::NumberOrNone => vec![Value::None, another(spec)],
            Kind::IntegerOrNone => vec![Value::None, Value::Number(255.0)],
        };
        let with = |setting: &Vec<_>| {
            let extended = |value: &Value| {
                let mut setting: Vec<(&'static str, Value)> = setting.clone();
                setting.push((spec.name, value.clone()));
                setting
            };
            values.iter().map(extended).collect::<Vec<_>>()
        };
        settings = settings.iter().flat_map(with).collect();
    }
    let numbers = specs.iter().filter(|spec| spec.kind == Kind::Number);
    let numbers: Vec<_> = numbers.map(|spec| (spec.name, another(spec))).collect();
    if matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::Linear(_) | Leaf::Vectors(_)) || loss.leaf().rider().is_some() {
        let changed: Vec<_> = settings.iter().map(|setting| [setting.clone(), numbers.clone()].concat()).collect();
        settings.extend(changed);
    }
    settings
}

/// A number in an option's range.
fn another(spec: &OptionSpec) -> Value {
    Value::Number(match spec.range {
        Range::Any => 0.5,
        Range::AtLeast(low) | Range::Above(low) => low + 0.5,
        Range::Within(low, high) | Range::Between(low, high) => (low + high) / 2.0,
    })
}

/// The shapes that a loss is cut in different ways for.
fn shapes(loss: &dyn Loss) -> Vec<(Vec<usize>, ClassAxis)> {
    use ClassAxis::{Last, Second};
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) => vec![(vec![3, 4], Second)],
        Leaf::Composite(_) => unreachable!("sums are taken apart"),
        // four neighbours at once, and one by one
        Leaf::Region(_) => vec![(vec![2, 3, 4], Second), (vec![2, 5, 3], Last)],
        // a row a workgroup and several, and rows that are cut into chunks
        Leaf::Vectors(_) => vec![(vec![3, 5], Second), (vec![3, 3000], Second), (vec![2, 70_000], Second)],
        Leaf::Gram(_) => vec![(vec![2, 3, 4], Second), (vec![2, 4, 3], Last)],
        Leaf::Similarity(_) | Leaf::Linear(_) => vec![(vec![70, 5], Second)],
        // few classes and many, contiguous and strided, and rows that are cut into chunks
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => vec![
            (vec![2, 3], Second),
            (vec![2, 3000], Second),
            (vec![2, 3, 4], Second),
            (vec![2, 600, 4], Second),
            (vec![2, 5, 30], Last),
            (vec![2, 70_000], Second),
        ],
    }
}

/// Every case of a loss; of one that is walked as an earlier one is, those with nothing and with everything that is optional.
pub(super) fn cases(loss: &dyn Loss) -> Vec<Case> {
    let header = loss.header();
    let optional: Vec<_> = header.operands.iter().filter(|spec| spec.optional).map(|spec| spec.name).collect();
    let dense = header.player(Role::Target).is_some();
    let labels = dense || header.operands.iter().any(|spec| spec.role.is_integer());
    let mut targets = if labels { LABELS.to_vec() } else { vec![DType::I32] };
    targets.extend(FLOATS.iter().filter(|_| dense));
    let gradients = [Gradients::None, Gradients::Store, Gradients::Add];
    let every = (1u32 << optional.len()) - 1;
    let (subsets, scales): (Vec<u32>, _) = match follows_another(loss) {
        true => (BTreeSet::from([0, every]).into_iter().collect(), vec![0, 3]),
        false => ((0..=every).collect(), vec![0, 1, 2, 3]),
    };

    let mut cases = Vec::new();
    for options in settings(loss) {
        for (shape, axis) in shapes(loss) {
            for &reduction in header.reductions {
                for &target in &targets {
                    for &subset in &subsets {
                        let given = (0..optional.len()).filter(|k| subset & (1 << k) != 0).map(|k| optional[k]);
                        let given: Vec<_> = given.collect();
                        for gradients in gradients {
                            for &scales in &scales {
                                let (options, shape, optional) = (options.clone(), shape.clone(), given.clone());
                                let case = Case {
                                    options,
                                    reduction,
                                    axis,
                                    target,
                                    // any of them, so that each meets much and kernels do not multiply
                                    floats: FLOATS[cases.len() % FLOATS.len()],
                                    on_cpu: cases.len() % 2 == 1,
                                    in_eights: cases.len() % 4 == 1,
                                    small: cases.len() % 3 == 2,
                                    optional,
                                    upstream_tensor: scales & 1 != 0,
                                    divide_by_tensor: scales & 2 != 0,
                                    gradients,
                                    ..Case::new(loss, &shape)
                                };
                                if !lacks(&case) {
                                    cases.push(case);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    let spread = match loss.leaf() {
        Leaf::Softmax(_) => true,
        leaf => matches!(leaf, Leaf::Region(_)) && leaf.rider().is_none(),
    };
    let pieces = cases.iter().filter(|case| spread && case.gradients != Gradients::Add);
    let pieces = pieces.enumerate().map(|(k, case)| {
        // one or the other, so that kernels do not multiply
        Case { piece: if k % 4 == 0 { Piece::Statistics } else { Piece::Among }, ..case.clone() }
    });
    let pieces: Vec<Case> = pieces.collect();
    let stored = cases.iter().filter(|case| reads_first(loss.leaf()) && case.gradients == Gradients::Store).step_by(3);
    let in_place: Vec<Case> =
        stored.map(|case| Case { gradients: Gradients::InPlace, floats: DType::F32, ..case.clone() }).collect();
    // items that bindings do not hold: pixels and regions by fours and one by one, and positions that lanes share
    let far_apart = matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_));
    let shapes = [(vec![2, 20, 8192], 17 << 14), (vec![2, 20, 8193], 17 << 14), (vec![2, 600, 500], 1 << 20)];
    let rides = matches!(loss.leaf(), Leaf::Region(leaf) if leaf.rider().is_some());
    let cut = far_apart && (rides || !follows_another(loss));
    let pixels = cases.iter().filter(|case| cut && case.shape == [2, 3, 4]).step_by(17);
    let in_ranges = pixels.zip(shapes.iter().cycle());
    let in_ranges: Vec<Case> = in_ranges
        .map(|(case, (shape, limit))| Case { shape: shape.clone(), binding_limit: *limit, ..case.clone() })
        .collect();
    [cases, pieces, in_place, in_ranges].concat()
}

/// Whether an earlier loss is walked as this one is: the two differ in their leaves alone.
pub(super) fn follows_another(loss: &dyn Loss) -> bool {
    let others = crate::losses::walked();
    let mut earlier = others.iter().take_while(|other| other.header().id != loss.header().id);
    earlier.any(|other| other.walks_as(loss))
}

/// Whether the case lacks an operand that its options need.
fn lacks(case: &Case) -> bool {
    match case.loss().leaf() {
        Leaf::Pointwise(leaf) => leaf.needs().is_some_and(|(operand, _)| !case.optional.contains(&operand)),
        _ => false,
    }
}
