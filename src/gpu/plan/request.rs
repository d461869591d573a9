//! The request that a plan is made for, and what follows from it for all kernels: slots, choices, parameters, dtypes, and the
//! operand of each binding.

use super::stage::{Bound, Wanted};
use super::walk::{Sizes, in_32_bits};
use crate::broadcast::BroadcastAxis;
use crate::check::{Checked, Divisor};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::namespace::{self, override_prefix};
use crate::gpu::params::Params;
use crate::gpu::shaders::fold::softmax_state;
use crate::gpu::shaders::geometry::{element_observation, faults, observation, sequence_slopes, softcap, value_scales};
use crate::gpu::shaders::lib::count;
use crate::gpu::shaders::operand::{
    bias, class_weight, divisor, dx, items, labels, logit_bias, logit_scale, losses, mask, pos_weight, row,
    sample_weight, target, upstream, weight, x,
};
use crate::gpu::shaders::scratch::observed_positions;
use crate::gpu::shaders::{DX, Shader, choice, dtype, slot};
use crate::gpu::target::Target;
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec, Source};
use crate::options::{Kind, Value};
use crate::reduction::Reduction;
use crate::role::Role;
use crate::shape::DType;
use crate::term::{Observation, Operand, Part, Scale};

/// One of the losses of a walk. The numbers of the variants are the values of `WALK_LOSS` in `shaders/lib/totals.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WalkLoss {
    /// The only loss.
    Only,
    /// The loss whose walk also computes a fused loss.
    Main,
    /// The fused loss.
    Fused,
}

/// Whether the parts' sums and denominators are also written to a tensor of the caller's. The outcome always holds them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum KeptSums {
    Nothing,
    /// The sums are stored in the caller's tensor.
    Stored,
    /// The sums are added to the caller's tensor.
    Added,
}

/// A part, and what its plan depends on.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub part: &'a Part<Tensor>,
    pub checked: &'a Checked,
    pub wanted: &'a [Wanted],
    /// The index of the part's first row in the outcome.
    pub place: usize,
    /// The index in the caller's tensor at which the term's loss is stored. All parts have the same.
    pub slot: usize,
    /// How many rows all parts have in the outcome, without their observations.
    pub places: usize,
    /// The part's first row in the caller's tensor of sums.
    pub entry: usize,
    pub sums: KeptSums,
    /// The index of the part's first observation in the outcome, and the observation's row in the caller's tensor of sums.
    pub observed: usize,
    pub observed_entry: usize,
    /// The most bytes of scratch memory. Walks over tiles, channels, windows, levels and alignments keep to it.
    pub workspace_bound: u64,
    /// Whether the statistics of a shard are wanted, rather than its loss.
    pub statistics: bool,
    /// Whether the mask, sample weights and upstream gradients of values are combined into one tensor, because kernels would
    /// otherwise bind too many buffers.
    pub combined: bool,
    pub target: &'a Target,
}

impl Request<'_> {
    pub(super) fn loss(&self) -> &dyn Loss {
        &*self.part.loss
    }

    /// The operand with this role, if it is given.
    pub(super) fn of_role(&self, role: Role) -> Option<&Tensor> {
        self.part.of_role(role)
    }

    /// The loss's constants, one for each element of the last axis, or for each level.
    pub(super) fn columns(&self) -> Option<Vec<f32>> {
        match self.loss().leaf() {
            Leaf::Pointwise(leaf) => leaf.columns().map(<[f32]>::to_vec),
            Leaf::Windows(leaf) if !leaf.levels().is_empty() => {
                Some(leaf.levels().iter().map(|&weight| weight as f32).collect())
            }
            _ => None,
        }
    }

    /// The losses that the walk computes.
    pub(super) fn walk_losses(&self) -> &'static [WalkLoss] {
        if self.checked.fused_divisor.is_some() { &[WalkLoss::Main, WalkLoss::Fused] } else { &[WalkLoss::Only] }
    }

    /// The denominator of one of the walk's losses.
    pub(super) fn divisor(&self, loss: WalkLoss) -> Divisor {
        self.checked.fused_divisor.filter(|_| loss == WalkLoss::Fused).unwrap_or(self.checked.divisor)
    }

    /// Whether the caller's denominator is a tensor with an element for each row that the part has in the outcome.
    pub(super) fn divides_each(&self) -> bool {
        matches!(&self.part.divide_by, Some(Scale::Tensor(tensor)) if tensor.len() > 1)
    }

    /// Whether the part has observations.
    pub(super) fn observes(&self) -> bool {
        !self.part.observations.is_empty()
    }

    /// Whether operands are inspected. A shard's statistics have no outcome that could report what an inspection finds.
    pub(super) fn inspects(&self) -> bool {
        !self.checked.inspections.is_empty() && !self.statistics
    }

    /// Whether each position has an observation of its own. A shard's statistics have none.
    pub(super) fn observes_positions(&self) -> bool {
        !self.statistics && self.asks(|asked| asked.of_positions())
    }

    /// Whether an observation compares every logit with the label's.
    pub(super) fn ranks(&self) -> bool {
        self.asks(|asked| matches!(asked, Observation::TopK(_)))
    }

    /// Whether an observation of this kind is asked for.
    pub(super) fn asks(&self, kind: fn(&Observation) -> bool) -> bool {
        self.part.observations.iter().any(kind)
    }

    /// Whether the part is a shard that is given the statistics of all shards.
    pub(super) fn among(&self) -> bool {
        self.part.among.is_some()
    }

    /// The gradient that overwrites its operand, if one does.
    pub(super) fn in_place(&self) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.in_place)
    }

    /// The outputs of gradients, each with its operand.
    pub(super) fn outputs(&self) -> Vec<(usize, &'static str)> {
        self.wanted.iter().map(|wanted| (wanted.output, wanted.operand)).collect()
    }

    pub(super) fn unreduced(&self) -> bool {
        self.part.reduction == Reduction::None
    }

    /// Whether each value has an upstream gradient of its own.
    pub(super) fn upstream_tensor(&self) -> bool {
        self.unreduced() && matches!(self.part.upstream, Scale::Tensor(_))
    }

    /// Whether values have sample weights. In a loss of regions, sample weights multiply positions instead.
    pub(super) fn samples(&self) -> bool {
        self.of_role(Role::SampleWeight).is_some() && !matches!(self.loss().leaf(), Leaf::Region(_))
    }

    /// The file that reads sample weights, if they are given.
    pub(super) fn sample_weights(&self) -> Option<Shader> {
        self.of_role(Role::SampleWeight)?;
        Some(match self.broadcast(Role::SampleWeight) {
            Some(_) => sample_weight::BROADCAST,
            None => sample_weight::GIVEN,
        })
    }

    /// Whether the positions of regions have a mask or sample weights.
    pub(super) fn weighs_positions(&self) -> bool {
        let given = |role| self.of_role(role).is_some();
        matches!(self.loss().leaf(), Leaf::Region(_)) && (given(Role::Mask) || given(Role::SampleWeight))
    }

    /// Whether a stage before the walk combines the mask, sample weight and upstream gradient of each value.
    pub(super) fn combines(&self) -> bool {
        self.combined || (self.samples() && self.upstream_tensor())
    }

    /// Whether stages before a walk over elements compute numbers that an item, a sequence or all elements share.
    pub(super) fn has_items(&self) -> bool {
        let given = |role| self.of_role(role).is_some();
        given(Role::Index) || given(Role::Averaged) || self.part.goes_by_sequences()
    }

    /// The axes along which the operand with this role is broadcast, if it is.
    pub(super) fn broadcast(&self, role: Role) -> Option<Vec<BroadcastAxis>> {
        self.loss().header().of_role(role).and_then(|spec| self.part.broadcast(spec))
    }

    /// The dtype that kernels have to be told of a tensor, or `None` if the type at its binding is fixed.
    pub(super) fn dtype(&self, bound: &Bound) -> Option<DType> {
        match (bound, &self.part.upstream, &self.part.divide_by) {
            (Bound::Operand(name), ..) => self.part.operand(name).map(Operand::dtype),
            (Bound::Output(output), ..) => {
                self.wanted.iter().find(|wanted| wanted.output == *output).map(|wanted| wanted.dtype)
            }
            (Bound::Statistics, ..) => self.part.among.as_ref().map(Operand::dtype),
            (Bound::Sum, ..) => Some(DType::F32),
            (Bound::Upstream, Scale::Tensor(tensor), _) | (Bound::DivideBy, _, Some(Scale::Tensor(tensor))) => {
                Some(tensor.dtype())
            }
            _ => None,
        }
    }
}

/// The shader of a loss's leaf. [`plan`](super::plan) has refused a caller's leaf for which `namespace::leaf` fails.
pub(super) fn leaf_of(loss: &dyn Loss) -> Source {
    namespace::leaf(loss).unwrap_or(loss.header().shader)
}

/// Fills the slots that follow from the call: the leaf, which operands are given, and defaults for observations. A plan
/// fills the slots that depend on the walk. Operands are read element by element here; the target fills in the files that
/// read quads once it is known where the tensors lie.
pub(super) fn slots(request: &Request<'_>) -> Slots {
    let given = |role| request.of_role(role).is_some();
    let mut slots = Slots::default();
    slots.fill(slot::LEAF, leaf_of(request.loss()));
    slots.fill(slot::QUAD, dtype::quad::WORDS);
    for k in 0..DX.len() {
        slots.fill_x(k, x::WORDS);
        slots.fill_dx(k, dx::NOWHERE);
    }
    slots.fill(slot::COUNT, if request.samples() { count::WEIGHTS } else { count::VALUES });
    slots.fill(slot::VALUE_SCALES, value_scales::UPSTREAM);
    slots.fill(slot::SOFTMAX_STATE, softmax_state::PLAIN);
    slots.fill(slot::OBSERVATION, observation::NONE);
    slots.fill(slot::ELEMENT_OBSERVATION, element_observation::NONE);
    slots.fill(slot::SEQUENCE_SLOPES, sequence_slopes::NONE);
    let labelled = request.checked.labels.is_some();
    let choices = [
        (slot::LABELS, labelled, labels::GIVEN, labels::NONE),
        (slot::TARGET, labelled, target::ZERO, target::DENSE),
        (slot::WEIGHT, given(Role::Weight), weight::GIVEN, weight::ONE),
        (slot::MASK, given(Role::Mask), mask::GIVEN, mask::EVERYWHERE),
        (slot::CLASS_WEIGHT, given(Role::PerClass), class_weight::GIVEN, class_weight::ONE),
        (slot::POS_WEIGHT, given(Role::PosWeight), pos_weight::GIVEN, pos_weight::ABSENT),
        (slot::UPSTREAM, request.upstream_tensor(), upstream::GIVEN, upstream::ONE),
        (slot::LOSSES, request.unreduced(), losses::GIVEN, losses::NOWHERE),
        (slot::OBSERVED_POSITIONS, request.observes_positions(), observed_positions::KEPT, observed_positions::NOWHERE),
        (slot::DIVISOR, false, divisor::GIVEN, divisor::ONE),
        (slot::FAULTS, false, faults::GIVEN, faults::NONE),
        (slot::ITEMS, request.has_items(), items::GIVEN, items::ALIKE),
        (slot::ROW, given(Role::Row), row::GIVEN, row::ZERO),
        (slot::BIAS, given(Role::PerProjection), bias::GIVEN, bias::ZERO),
        (slot::LOGIT_SCALE, given(Role::Scale), logit_scale::GIVEN, logit_scale::OPTION),
        (slot::LOGIT_BIAS, given(Role::Shift), logit_bias::GIVEN, logit_bias::ZERO),
    ];
    for (slot, is_given, file, absent) in choices {
        slots.fill(slot, if is_given { file } else { absent });
    }
    let weights = request.sample_weights().filter(|_| request.samples());
    slots.fill(slot::SAMPLE_WEIGHT, weights.unwrap_or(sample_weight::ONE));
    slots.fill(slot::SOFTCAP, if request.loss().leaf().cap().is_some() { softcap::TANH } else { softcap::NONE });
    if request.broadcast(Role::Weight).is_some() {
        slots.fill(slot::WEIGHT, weight::BROADCAST);
    }
    if request.combines() {
        slots.fill(slot::MASK, mask::COMBINED);
        slots.fill(slot::UPSTREAM, upstream::COMBINED);
        if request.samples() {
            slots.fill(slot::SAMPLE_WEIGHT, sample_weight::COMBINED);
        }
    } else if request.samples() {
        slots.fill(slot::UPSTREAM, upstream::SAMPLED);
    }
    slots
}

/// The greatest exponent that the shaders' `whole_power` takes.
const MOST_WHOLE: f64 = 4.0;

/// The overrides that a loss's options set: flags; the index of a name; integers; `HAS_*` for an option that may have
/// no value; `WHOLE_*` for a number, −1 unless it is small and whole. A shader declares the overrides that it needs.
pub(super) fn overrides(loss: &dyn Loss) -> Choices {
    let mut choices = Choices::default();
    let prefix = override_prefix(loss);
    for (spec, value) in loss.specs().iter().zip(loss.values()) {
        let name = spec.name.to_uppercase();
        let own = format!("{prefix}{name}");
        match (spec.kind, value) {
            (Kind::Flag, Value::Flag(flag)) => choices.add(own, f64::from(u8::from(flag))),
            (Kind::Choice(names), Value::Name(chosen)) => {
                let place = names.iter().position(|name| **name == chosen).unwrap_or(0);
                choices.add(own, place as f64);
            }
            (Kind::Integer, Value::Number(number)) => choices.add(own, number),
            (Kind::NumberOrNone, value) => {
                choices.add(format!("{prefix}HAS_{name}"), f64::from(u8::from(value != Value::None)));
            }
            (Kind::Number, Value::Number(number)) => {
                let is_whole = number.fract() == 0.0 && (0.0..=MOST_WHOLE).contains(&number);
                choices.add(format!("{prefix}WHOLE_{name}"), if is_whole { number } else { -1.0 });
            }
            _ => {}
        }
    }
    // the walk reads the cap as `option(SOFTCAP)`
    let place = place_of_number(loss, SOFTCAP).filter(|_| loss.leaf().cap().is_some());
    match place {
        Some(place) => choices
            .number(choice::SOFTCAP, place)
            .flag(choice::CAPS_TARGETS, matches!(loss.leaf(), Leaf::Divergence(_) | Leaf::LinearDivergence(_))),
        None => choices,
    }
}

/// The name of the option whose value [`Leaf::cap`] returns.
const SOFTCAP: &str = "softcap";

/// The number options of a loss in the order of its header, for the shader's `option`.
fn numbers(loss: &dyn Loss) -> [f32; 16] {
    let values = loss.specs().into_iter().zip(loss.values());
    let numbers = values.filter(|(spec, _)| matches!(spec.kind, Kind::Number | Kind::NumberOrNone));
    let mut out = [0.0; 16];
    for (slot, (_, value)) in out.iter_mut().zip(numbers) {
        *slot = if let Value::Number(x) = value { x as f32 } else { 0.0 };
    }
    out
}

/// The index of a number option in the array of [`numbers`].
pub(crate) fn place_of_number(loss: &dyn Loss, name: &str) -> Option<usize> {
    let specs = loss.specs();
    let mut numbers = specs.iter().filter(|spec| matches!(spec.kind, Kind::Number | Kind::NumberOrNone));
    numbers.position(|spec| spec.name == name)
}

/// The parameters of a part whose walk has these sizes.
pub(super) fn params(request: &Request<'_>, sizes: Sizes) -> Result<Params> {
    let mut params = Params::new();
    sizes.write(&mut params)?;
    params.part = in_32_bits("rows of the outcome", request.place)?;
    params.slot = in_32_bits("losses of the outcome", request.slot)?;
    params.places = in_32_bits("rows of the outcome", request.places)?;
    params.entry = in_32_bits("rows of the parts' sums", request.entry)?;
    params.observed = in_32_bits("rows of the outcome", request.observed)?;
    params.observed_entry = in_32_bits("rows of the parts' sums", request.observed_entry)?;
    let top = |observation: &Observation| if let Observation::TopK(k) = observation { Some(*k) } else { None };
    params.top_k = request.part.observations.iter().find_map(top).unwrap_or(0);
    let spread = request.part.classes_from;
    params.first_class = in_32_bits("classes of all shards", spread.map_or(0, |classes| classes.first))?;
    params.all_classes = in_32_bits("classes of all shards", spread.map_or(sizes.classes, |classes| classes.of))?;
    params.shards = in_32_bits("shards", request.part.among.as_ref().map_or(0, |all| all.shape()[0]))?;
    params.has_extra = u32::from(request.part.rows().iter().any(|row| row.extra.is_some()));
    let upstream = if let Scale::Number(number) = request.part.upstream { number } else { 1.0 };
    // the weight; the divisor, or the factor of what the GPU counts; upstream·weight/divisor, with 1 for what the GPU finds out
    let scales = |weight: f32, divisor: Divisor| {
        let (number, share) = match divisor {
            // a mean over nothing has a gradient of 0
            Divisor::Number(0.0) => (0.0, 0.0),
            Divisor::Number(number) => (number, 1.0 / number),
            Divisor::Count { each } => (each, 1.0),
            Divisor::Weights | Divisor::Tensor => (1.0, 1.0),
        };
        (weight, number as f32, (f64::from(upstream) * f64::from(weight) * share) as f32)
    };
    let mut rows = request.part.rows().into_iter().map(|row| row.weight);
    let mut of = |divisor: Divisor| scales(rows.next().unwrap_or(1.0), divisor);
    (params.weight, params.divisor, params.factor) = of(request.checked.divisor);
    if let Some(divisor) = request.checked.fused_divisor {
        (params.fused_weight, params.fused_divisor, params.fused_factor) = of(divisor);
    }
    params.options = numbers(request.loss());
    if let Some(labels) = &request.checked.labels {
        params.label_count = in_32_bits("classes", labels.count)?;
        params.ignores = u32::from(labels.ignored.is_some());
        params.ignore_index = labels.ignored.unwrap_or(0);
    }
    Ok(params)
}

/// The bindings at which every dispatch has the same operand: binding, operand.
pub(super) fn operands(request: &Request<'_>) -> Vec<(String, &'static str)> {
    let header = request.loss().header();
    let components = header.components().enumerate().map(|(k, spec)| (format!("x{k}"), spec.name));
    let table = request.loss().leaf().table();
    let unread = |spec: &&OperandSpec| spec.role == Role::Table && table.is_some_and(|table| table != spec.name);
    let players = header.operands.iter().filter(|spec| !unread(spec)).flat_map(|spec| {
        let names: &[&str] = match spec.role {
            // `components` has their bindings
            Role::Element | Role::Column => &[],
            Role::Row => &["row"],
            // each dispatch sets the bindings of these two lines: `Stage::reading`
            Role::Rows | Role::MoreRows | Role::Anchors | Role::Projection => &[],
            Role::TeacherRows | Role::TeacherProjection | Role::Channels | Role::Pictures => &[],
            Role::RowLabels | Role::Sequences => &["labels"],
            Role::PerProjection => &["bias"],
            Role::Scale => &["logit_scale"],
            Role::Shift => &["logit_bias"],
            Role::Classes | Role::Steps => &["x0"],
            Role::StepCounts => &["step_counts"],
            Role::SequenceLengths => &["sequence_lengths"],
            Role::Segments => &["segments"],
            Role::PerSegment => &["references"],
            Role::Target | Role::Labels | Role::Dense => &["labels", "dense"],
            Role::PerClass => &["class_weight"],
            Role::PosWeight => &["pos_weight"],
            Role::Weight => &["weight"],
            Role::SampleWeight => &["sample_weight"],
            Role::Mask => &["mask"],
            Role::Index => &["labels"],
            Role::Table | Role::Averaged => &["table"],
            Role::Part => &[],
        };
        names.iter().map(|name| (name.to_string(), spec.name))
    });
    components.chain(players).collect()
}
