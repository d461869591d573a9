//! What a plan is made for, and what kernels are told of it: choices, numbers, dtypes, and the operands behind bindings.

use super::stage::{Bound, Plan, Wanted, narrow};
use crate::check::{Checked, Divisor};
use crate::gpu::choices::Choices;
use crate::gpu::declared::Declared;
use crate::gpu::link::Slots;
use crate::gpu::params::Params;
use crate::gpu::shaders::operand::{
    bias, class_weight, divisor, dx, items, logit_bias, logit_scale, losses, mask, row, target, upstream, weight, x,
};
use crate::gpu::shaders::{DX, dtype, slot};
use crate::gpu::target::Target;
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::options::{Kind, Value};
use crate::reduction::Reduction;
use crate::role::Role;
use crate::shape::DType;
use crate::term::{Operand, Part, Scale};
use std::collections::HashMap;
use std::sync::Arc;

/// One loss of a walk: the twin of `PIECE` in `shaders/lib/totals.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// The only one.
    Only,
    /// The one that another rides along with.
    Ridden,
    /// The one that rides along.
    Rider,
}

/// What a plan is made for.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub part: &'a Part<Tensor>,
    pub checked: &'a Checked,
    pub wanted: &'a [Wanted],
    /// The place of the part's first row in the outcome, and the place in the caller's tensor for the loss.
    pub place: usize,
    pub slot: usize,
    /// The places of all parts.
    pub places: usize,
    /// The bytes that walks which go block by block may hold.
    pub workspace_bound: u64,
    /// Whether the statistics of a piece are wanted rather than its loss.
    pub statistics: bool,
    pub target: &'a Target,
}

impl Request<'_> {
    pub(super) fn loss(&self) -> &dyn Loss {
        &*self.part.loss
    }

    /// The operand that plays a role, where it is given.
    pub(super) fn player(&self, role: Role) -> Option<&Tensor> {
        self.part.of_role(role)
    }

    /// The numbers of the loss's own, one for each element of the last axis.
    pub(super) fn columns(&self) -> Option<&[f32]> {
        if let Leaf::Pointwise(leaf) = self.loss().leaf() { leaf.columns() } else { None }
    }

    /// The losses of the walk.
    pub(super) fn pieces(&self) -> &'static [Piece] {
        if self.checked.rider_divisor.is_some() { &[Piece::Ridden, Piece::Rider] } else { &[Piece::Only] }
    }

    /// What one of them is divided by.
    pub(super) fn divisor(&self, piece: Piece) -> Divisor {
        self.checked.rider_divisor.filter(|_| piece == Piece::Rider).unwrap_or(self.checked.divisor)
    }

    /// Whether the part is a piece of which all statistics are given.
    pub(super) fn among(&self) -> bool {
        self.part.among.is_some()
    }

    /// The gradient that goes in the place of its operand.
    pub(super) fn in_place(&self) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.in_place)
    }

    pub(super) fn unreduced(&self) -> bool {
        self.part.reduction == Reduction::None
    }

    /// Whether each value has an upstream gradient of its own.
    pub(super) fn upstream_tensor(&self) -> bool {
        self.unreduced() && matches!(self.part.upstream, Scale::Tensor(_))
    }

    /// How the caller stores what a binding stands for.
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

/// What fills the slots of a loss's kernels, as far as the call settles it: which operands are given, and how they are read until
/// it is known where they lie. A plan fills the slots that depend on the walk.
pub(super) fn slots(request: &Request<'_>) -> Slots {
    let given = |role| request.player(role).is_some();
    let mut slots = Slots::default();
    slots.fill(slot::LEAF, request.loss().header().shader);
    slots.fill(slot::QUAD, dtype::quad::WORDS);
    for k in 0..DX.len() {
        slots.fill_x(k, x::WORDS);
        slots.fill_dx(k, dx::NOWHERE);
    }
    slots.fill(slot::TARGET, if request.checked.labels.is_some() { target::LABELS } else { target::DENSE });
    let choices = [
        (slot::WEIGHT, given(Role::Weight), weight::GIVEN, weight::ONE),
        (slot::MASK, given(Role::Mask), mask::GIVEN, mask::EVERYWHERE),
        (slot::CLASS_WEIGHT, given(Role::PerClass), class_weight::GIVEN, class_weight::ONE),
        (slot::UPSTREAM, request.upstream_tensor(), upstream::GIVEN, upstream::ONE),
        (slot::LOSSES, request.unreduced(), losses::GIVEN, losses::NOWHERE),
        (slot::DIVISOR, false, divisor::GIVEN, divisor::ONE),
        (slot::ITEMS, given(Role::Index), items::GIVEN, items::ALIKE),
        (slot::ROW, given(Role::Row), row::GIVEN, row::ZERO),
        (slot::BIAS, given(Role::PerProjection), bias::GIVEN, bias::ZERO),
        (slot::LOGIT_SCALE, given(Role::Scale), logit_scale::GIVEN, logit_scale::OPTION),
        (slot::LOGIT_BIAS, given(Role::Shift), logit_bias::GIVEN, logit_bias::ZERO),
    ];
    for (slot, is_given, file, absent) in choices {
        slots.fill(slot, if is_given { file } else { absent });
    }
    slots
}

/// Tells the kernels how operands and gradients are stored: what stands for binding `x0` is read as the override `X0_DTYPE`
/// says, and a gradient of 16 bits is written by `operand/dx/half` instead of `operand/dx/words`, which writes f32.
pub(super) fn dtypes(request: &Request<'_>, plan: &mut Plan) {
    let mut stages = std::mem::take(&mut plan.stages);
    // what the blocks of a walk share is told once; it is kept while its address tells it apart
    let mut told = HashMap::new();
    for stage in &mut stages {
        let before = Arc::clone(&stage.recipe);
        let key = (Arc::as_ptr(&before), stage.operands.clone());
        if let Some((_, recipe)) = told.get(&key) {
            stage.recipe = Arc::clone(recipe);
            continue;
        }
        for &Declared { name, .. } in before.bindings() {
            let bound = plan.bound(stage, name);
            let Some(dtype) = request.dtype(&bound) else { continue };
            let recipe = Arc::make_mut(&mut stage.recipe);
            if matches!(bound, Bound::Output(_)) {
                if request.in_place().is_some_and(|wanted| bound == Bound::Output(wanted.output)) {
                    recipe.fill(slot::X0, x::IN_PLACE);
                    recipe.fill(slot::DX0, x::IN_PLACE);
                }
                if dtype == DType::F32 {
                    continue;
                }
                if let Some(k) = DX.iter().position(|slot| slot.0 == name) {
                    recipe.fill(DX[k], dx::HALF.of_operand(k));
                }
            }
            let code = match dtype {
                DType::F16 | DType::U32 => 1.0,
                DType::BF16 | DType::U8 => 2.0,
                DType::I64 => 3.0,
                _ => 0.0,
            };
            recipe.choices.add(format!("{}_DTYPE", name.to_uppercase()), code);
        }
        told.insert(key, (before, stage.recipe.clone()));
    }
    plan.stages = stages;
}

/// The greatest number that `whole_power` of the shaders raises to.
const MOST_WHOLE: f64 = 4.0;

/// The choices that a loss's options make in its shaders: flags, names by their place, integers, and whether there is a value;
/// a number where it is small and whole, else −1. A shader declares those that it asks for.
pub(super) fn overrides(loss: &dyn Loss) -> Choices {
    let mut choices = Choices::default();
    for (spec, value) in loss.specs().iter().zip(loss.values()) {
        let name = spec.name.to_uppercase();
        match (spec.kind, value) {
            (Kind::Flag, Value::Flag(flag)) => choices.add(name, f64::from(u8::from(flag))),
            (Kind::Choice(names), Value::Name(chosen)) => {
                let place = names.iter().position(|name| **name == chosen).unwrap_or(0);
                choices.add(name, place as f64);
            }
            (Kind::Integer, Value::Number(number)) => choices.add(name, number),
            (Kind::NumberOrNone, value) => {
                choices.add(format!("HAS_{name}"), f64::from(u8::from(value != Value::None)));
            }
            (Kind::Number, Value::Number(number)) => {
                let is_whole = number.fract() == 0.0 && (0.0..=MOST_WHOLE).contains(&number);
                choices.add(format!("WHOLE_{name}"), if is_whole { number } else { -1.0 });
            }
            _ => {}
        }
    }
    choices
}

/// The numbers of a loss, in its header's order: what the shader's `option` reads.
fn numbers(loss: &dyn Loss) -> [f32; 16] {
    let values = loss.specs().into_iter().zip(loss.values());
    let numbers = values.filter(|(spec, _)| matches!(spec.kind, Kind::Number | Kind::NumberOrNone));
    let mut out = [0.0; 16];
    for (slot, (_, value)) in out.iter_mut().zip(numbers) {
        *slot = if let Value::Number(x) = value { x as f32 } else { 0.0 };
    }
    out
}

pub(super) fn params(request: &Request<'_>) -> Params {
    let mut params = Params::new();
    params.part = narrow(request.place as u64);
    params.slot = narrow(request.slot as u64);
    params.places = narrow(request.places as u64);
    let upstream = if let Scale::Number(number) = request.part.upstream { number } else { 1.0 };
    // weight, divisor where it is a number, and upstream·weight/divisor as far as it is known
    let scales = |weight: f32, divisor: Divisor| {
        let divisor = if let Divisor::Number(number) = divisor { number } else { 1.0 };
        // a mean over nothing has a gradient of 0
        let share = if divisor == 0.0 { 0.0 } else { 1.0 / divisor };
        (weight, divisor as f32, (f64::from(upstream) * f64::from(weight) * share) as f32)
    };
    let mut rows = request.part.rows().into_iter().map(|row| row.weight);
    let mut of = |divisor: Divisor| scales(rows.next().unwrap_or(request.part.weight), divisor);
    (params.weight, params.divisor, params.factor) = of(request.checked.divisor);
    if let Some(divisor) = request.checked.rider_divisor {
        (params.rider_weight, params.rider_divisor, params.rider_factor) = of(divisor);
    }
    params.options = numbers(request.loss());
    if let Some(labels) = &request.checked.labels {
        params.label_count = narrow(labels.count as u64);
        params.ignores = u32::from(labels.ignored.is_some());
        params.ignore_index = labels.ignored.unwrap_or(0);
    }
    params
}

/// The bindings that stand for operands, by the shader's name.
pub(super) fn operands(request: &Request<'_>) -> Vec<(String, &'static str)> {
    let header = request.loss().header();
    let components = header.components().enumerate().map(|(k, spec)| (format!("x{k}"), spec.name));
    let players = header.operands.iter().flat_map(|spec| {
        let names: &[&str] = match spec.role {
            Role::Element | Role::Column => &[],
            Role::Row => &["row"],
            // told apart by each dispatch
            Role::Rows | Role::MoreRows | Role::Anchors | Role::Projection | Role::Channels => &[],
            Role::RowLabels => &["labels"],
            Role::PerProjection => &["bias"],
            Role::Scale => &["logit_scale"],
            Role::Shift => &["logit_bias"],
            Role::Classes => &["x0"],
            Role::Target | Role::Labels | Role::Dense => &["labels", "dense"],
            Role::PerClass => &["class_weight"],
            Role::Weight => &["weight"],
            Role::Mask => &["mask"],
            Role::Index => &["labels"],
            Role::Table => &["table"],
            Role::Part => &[],
        };
        names.iter().map(|name| (name.to_string(), spec.name))
    });
    components.chain(players).collect()
}
