//! What a plan is made for, and what kernels are told of it: choices, numbers, dtypes, and the operands behind bindings.

use super::{Bound, Piece, Plan, Wanted, narrow};
use crate::check::{Checked, Divisor};
use crate::gpu::declared::Declared;
use crate::gpu::params::Params;
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
    /// The most bytes that a binding may have.
    pub binding_limit: u64,
    /// Whether the adapter is a CPU: its lanes are those of a vector register, which goes on alone.
    pub on_cpu: bool,
    /// Whether lanes go in subgroups of eight, and may tell each other what they have.
    pub in_eights: bool,
    /// Whether kernels are to be small: for a compiler that takes seconds where four neighbours are written out.
    pub small: bool,
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

    /// How many lanes walk a contiguous piece together: the override of this name. A GPU reads best where all neighbours of
    /// a subgroup, as wide as it may be, read neighbouring memory; a CPU under a driver runs a few lanes at a time, and has
    /// caches that look ahead of these.
    pub(super) fn team(&self) -> (String, f64) {
        ("TEAM".into(), if self.on_cpu { 8.0 } else { 256.0 })
    }

    /// About how many workgroups a walk is cut into, of so many that keep a GPU busy: a CPU goes through a few at a time, and
    /// pays for each, most of all for the tally that it leaves.
    pub(super) fn workgroups(&self, on_gpu: usize) -> usize {
        if self.on_cpu { 64 } else { on_gpu }
    }

    /// Whether lanes take neighbours four at a time, where places allow it.
    pub(super) fn by_fours(&self, allowed: bool) -> bool {
        allowed && !self.small
    }

    /// How many times four neighbours a lane takes at a time of a class that lies far from the next, if it takes four: a CPU's
    /// caches look ahead in long runs alone. The longest are for so many positions that all workgroups are still busy.
    pub(super) fn strip(&self, fours: bool, positions: usize) -> usize {
        match self.on_cpu && fours {
            false => 1,
            true if positions < 1 << 19 => 4,
            true => 8,
        }
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

/// Tells the kernels how operands and gradients are stored: what stands for binding `x0` is read as the override `X0_DTYPE`
/// says, and a gradient of 16 bits is written by `operand/dx0_half` instead of `operand/dx0`, which writes f32.
pub(super) fn dtypes(request: &Request<'_>, plan: &mut Plan) {
    let mut stages = std::mem::take(&mut plan.stages);
    // what the blocks of a walk share is told once; it is kept while its address tells it apart
    let mut told = HashMap::new();
    for stage in &mut stages {
        let before = stage.kernel.clone();
        let key = (Arc::as_ptr(&before), stage.operands.clone());
        if let Some((_, kernel)) = told.get(&key) {
            stage.kernel = Arc::clone(kernel);
            continue;
        }
        for Declared { name, .. } in before.bindings() {
            let bound = plan.bound(stage, name);
            let Some(dtype) = request.dtype(&bound) else { continue };
            let kernel = Arc::make_mut(&mut stage.kernel);
            if matches!(bound, Bound::Output(_)) {
                if request.in_place().is_some_and(|wanted| bound == Bound::Output(wanted.output)) {
                    kernel.replace("operand/dx0", &[]);
                    kernel.replace("operand/x0", &["operand/x0_in_place"]);
                    kernel.overrides.retain(|(name, _)| name != "DX0_ADD");
                }
                if dtype == DType::F32 {
                    continue;
                }
                kernel.replace(&format!("operand/{name}"), &[&format!("operand/{name}_half"), "dtype/half"]);
            }
            let code = match dtype {
                DType::F16 | DType::U32 => 1.0,
                DType::BF16 | DType::U8 => 2.0,
                DType::I64 => 3.0,
                _ => 0.0,
            };
            kernel.overrides.push((format!("{}_DTYPE", name.to_uppercase()), code));
        }
        told.insert(key, (before, stage.kernel.clone()));
    }
    plan.stages = stages;
}

/// The greatest number that `whole_power` of the shaders raises to.
const MOST_WHOLE: f64 = 4.0;

/// The choices that a loss's options make in its shaders: flags, names by their place, integers, and whether there is a value;
/// a number where it is small and whole, else −1. A shader declares those that it asks for.
pub(super) fn overrides(loss: &dyn Loss) -> Vec<(String, f64)> {
    let mut overrides = Vec::new();
    for (spec, value) in loss.specs().iter().zip(loss.values()) {
        let name = spec.name.to_uppercase();
        match (spec.kind, value) {
            (Kind::Flag, Value::Flag(flag)) => overrides.push((name, f64::from(u8::from(flag)))),
            (Kind::Choice(names), Value::Name(chosen)) => {
                let place = names.iter().position(|name| **name == chosen).unwrap_or(0);
                overrides.push((name, place as f64));
            }
            (Kind::Integer, Value::Number(number)) => overrides.push((name, number)),
            (Kind::NumberOrNone, value) => {
                overrides.push((format!("HAS_{name}"), f64::from(u8::from(value != Value::None))));
            }
            (Kind::Number, Value::Number(number)) => {
                let is_whole = number.fract() == 0.0 && (0.0..=MOST_WHOLE).contains(&number);
                overrides.push((format!("WHOLE_{name}"), if is_whole { number } else { -1.0 }));
            }
            _ => {}
        }
    }
    overrides
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
