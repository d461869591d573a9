//! What to dispatch for a part of a term: kernels, workgroups, scratch memory. Plans know nothing of buffers.
//!
//! How a walk is cut depends on the shape alone, so that the same inputs give the same bits everywhere.

mod elements;
mod gram;
mod linear;
mod positions;
mod regions;
mod similarity;
mod tiles;
mod vectors;

use crate::check::{Checked, Divisor, Walk};
use crate::error::{Error, Result};
use crate::gpu::kernel::{Declared, Kernel, file};
use crate::gpu::params::{Block, Params};
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::{Header, Loss, Source};
use crate::options::{Kind, Value};
use crate::reduction::Reduction;
use crate::role::Role;
use crate::shape::DType;
use crate::term::{Operand, Part, Scale};
use std::collections::HashMap;
use std::sync::Arc;

/// The most storage buffers that a dispatch binds: WebGPU's default limit.
pub(crate) const MOST_BUFFERS: usize = 8;

/// The most elements of an operand: the kernels count in 32 bits, and look a little ahead.
const MOST_ELEMENTS: u64 = u32::MAX as u64 - (1 << 16);

/// The most tallies that are merged by one workgroup: each of its invocations loops over 1/256 of them.
const MOST_TALLIES: u64 = 1 << 20;

/// The bytes of a tally, and of what stands before the tallies: the twins of `Tally` and `Workspace` in `shaders/lib`.
pub(super) const TALLY_BYTES: u64 = 32;
pub(super) const WORKSPACE_HEAD: u64 = 16;

/// The bytes of an element of each other scratch memory: the strides of the shaders' arrays of these names.
pub(super) const ELEMENT_BYTES: &[(&str, u64)] = &[
    ("items", 16),
    ("row_states", 32),
    ("region_sums", 16),
    ("coefficients", 8),
    ("pixels", 8),
    ("riders", 20),
    ("factors", 4),
    ("whole_states", 20),
    ("hits", 4),
    ("records", 32),
    ("slopes", 4),
    ("slope_sums", 8),
    ("pulls", 8),
    ("products", 4),
    ("grams", 4),
];

/// The bytes of the state of each fold over classes: the strides of the shaders' arrays `chunk_states`.
pub(super) const STATE_BYTES: &[(&str, u64)] = &[("fold/softmax", 20), ("fold/class_sum", 12), ("fold/divergence", 32)];

/// A gradient that is wanted of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    /// The operand's name in the header.
    pub operand: &'static str,
    /// The output it goes to.
    pub output: usize,
    /// Whether it is added to what is there.
    pub add: bool,
    /// How the output is stored.
    pub dtype: DType,
    /// Whether the output is the operand itself.
    pub in_place: bool,
}

/// What a binding of a kernel stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    Params,
    Operand(&'static str),
    Upstream,
    DivideBy,
    /// The output of this number.
    Output(usize),
    /// Scratch memory of this name.
    Scratch(&'static str),
    /// The numbers of the loss's own.
    Columns,
    Losses,
    Outcome,
    Loss,
    /// The statistics of all pieces, or where those of one go.
    Statistics,
}

/// One dispatch.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// One for all blocks of a walk.
    pub kernel: Arc<Kernel>,
    pub groups: u64,
    /// What it alone runs over, where a walk goes block by block.
    pub block: Block,
    /// What the gradients' bindings go to, by name.
    gradients: Vec<(String, usize)>,
    /// The operands that bindings stand for in this dispatch alone, by name.
    pub operands: Vec<(&'static str, &'static str)>,
}

/// All dispatches of a part.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub params: Params,
    pub stages: Vec<Stage>,
    /// Scratch memory, by name and bytes.
    pub scratch: Vec<(&'static str, u64)>,
    /// The loop of an invocation that is longest, in iterations.
    pub longest_loop: u64,
    /// Numbers of the loss's own, one for each element of the last axis.
    pub columns: Option<Vec<f32>>,
    operands: Vec<(String, &'static str)>,
}

impl Plan {
    /// Asks for scratch memory of so many elements.
    fn hold(&mut self, name: &str, elements: u64) {
        let known = ELEMENT_BYTES.iter().find(|(known, _)| *known == name);
        let (name, bytes) = known.unwrap_or_else(|| unreachable!("no scratch memory {name}"));
        self.scratch.push((name, bytes * elements));
    }

    /// Asks for so many states of a fold over classes.
    fn hold_states(&mut self, fold: &str, states: u64) {
        let known = STATE_BYTES.iter().find(|(known, _)| *known == fold);
        let (_, bytes) = known.unwrap_or_else(|| unreachable!("no states of {fold}"));
        self.scratch.push(("chunk_states", bytes * states));
    }

    /// Whether no stage reads an operand after the one that writes its gradient in its place.
    fn reads_first(&self, wanted: &Wanted) -> bool {
        let writes = |stage: &Stage| stage.gradients.iter().any(|(_, output)| *output == wanted.output);
        let reads = |stage: &Stage| {
            let bindings = stage.kernel.bindings();
            bindings.iter().any(|binding| self.bound(stage, &binding.name) == Bound::Operand(wanted.operand))
        };
        let mut after = self.stages.iter().skip_while(|stage| !writes(stage)).skip(1);
        !after.any(|stage| writes(stage) || reads(stage))
    }

    /// What a binding of a stage stands for, by the name the shader gives it.
    pub fn bound(&self, stage: &Stage, name: &str) -> Bound {
        if let Some((_, output)) = stage.gradients.iter().find(|(binding, _)| binding == name) {
            return Bound::Output(*output);
        }
        if let Some((_, operand)) = stage.operands.iter().find(|(binding, _)| *binding == name) {
            return Bound::Operand(operand);
        }
        if let Some((_, operand)) = self.operands.iter().find(|(binding, _)| binding == name) {
            return Bound::Operand(operand);
        }
        match name {
            "params" => Bound::Params,
            // a component that is no operand
            "x1" | "x2" | "x3" => Bound::Columns,
            "upstream" => Bound::Upstream,
            "divisor" => Bound::DivideBy,
            "losses" => Bound::Losses,
            "statistics" | "statistics_out" => Bound::Statistics,
            "outcome" => Bound::Outcome,
            "loss_out" => Bound::Loss,
            "items_out" => Bound::Scratch("items"),
            name => {
                let known = self.scratch.iter().find(|(scratch, _)| *scratch == name);
                Bound::Scratch(known.unwrap_or_else(|| unreachable!("nothing is bound to {name}")).0)
            }
        }
    }
}

/// What a plan is made for.
pub(crate) struct Request<'a> {
    pub part: &'a Part<Tensor>,
    pub checked: &'a Checked,
    pub wanted: &'a [Wanted],
    /// The place of the part's first row in the outcome, and the place in the caller's tensor for the loss.
    pub place: usize,
    pub slot: usize,
    /// The bytes that walks which go block by block may hold.
    pub workspace_bound: u64,
    /// Whether the statistics of a piece are wanted rather than its loss.
    pub statistics: bool,
}

impl Request<'_> {
    pub fn loss(&self) -> &dyn Loss {
        &*self.part.loss
    }

    /// The operand that plays a role, where it is given.
    pub fn player(&self, role: Role) -> Option<&Tensor> {
        self.part.of_role(role)
    }

    /// The numbers of the loss's own, one for each element of the last axis.
    pub fn columns(&self) -> Option<&[f32]> {
        if let Leaf::Pointwise(leaf) = self.loss().leaf() { leaf.columns() } else { None }
    }

    /// The losses of the walk.
    fn pieces(&self) -> &'static [Piece] {
        if self.checked.rider_divisor.is_some() { &[Piece::Ridden, Piece::Rider] } else { &[Piece::Only] }
    }

    /// What one of them is divided by.
    fn divisor(&self, piece: Piece) -> Divisor {
        self.checked.rider_divisor.filter(|_| piece == Piece::Rider).unwrap_or(self.checked.divisor)
    }

    /// Whether the part is a piece of which all statistics are given.
    fn among(&self) -> bool {
        self.part.among.is_some()
    }

    /// The gradient that goes in the place of its operand.
    fn in_place(&self) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.in_place)
    }

    pub fn unreduced(&self) -> bool {
        self.part.reduction == Reduction::None
    }

    /// Whether each value has an upstream gradient of its own.
    pub fn upstream_tensor(&self) -> bool {
        self.unreduced() && matches!(self.part.upstream, Scale::Tensor(_))
    }

    /// How the caller stores what a binding stands for.
    fn dtype(&self, bound: &Bound) -> Option<DType> {
        match (bound, &self.part.upstream, &self.part.divide_by) {
            (Bound::Operand(name), ..) => self.part.operand(name).map(Operand::dtype),
            (Bound::Output(output), ..) => {
                self.wanted.iter().find(|wanted| wanted.output == *output).map(|wanted| wanted.dtype)
            }
            (Bound::Statistics, ..) => self.part.among.as_ref().map(Operand::dtype),
            (Bound::Upstream, Scale::Tensor(tensor), _) | (Bound::DivideBy, _, Some(Scale::Tensor(tensor))) => {
                Some(tensor.dtype())
            }
            _ => None,
        }
    }
}

/// The plan of a part.
pub(crate) fn plan(request: &Request<'_>) -> Result<Plan> {
    for (name, tensor) in &request.part.operands {
        let needed = tensor.len() as u64;
        if needed > MOST_ELEMENTS {
            return Err(Error::TooLarge { what: format!("elements of `{name}`"), needed, limit: MOST_ELEMENTS });
        }
    }
    let mut plan = Plan {
        params: params(request),
        stages: Vec::new(),
        scratch: Vec::new(),
        longest_loop: 0,
        columns: None,
        operands: operands(request),
    };
    if let (Some(wanted), Walk::Positions(classes)) = (request.in_place(), request.checked.walk)
        && classes.c > positions::MOST_IN_PLACE
    {
        return Err(overlapping(wanted));
    }
    match (request.checked.walk, request.loss().leaf()) {
        (Walk::Elements { items, per_item }, _) => elements::plan(request, &mut plan, items, per_item),
        (Walk::Positions(classes), leaf) => positions::plan(request, &mut plan, classes, positions::Fold::of(leaf)),
        (Walk::Regions(classes), Leaf::Region(leaf)) => regions::plan(request, &mut plan, classes, leaf)?,
        (Walk::Rows { rows, width }, Leaf::Vectors(leaf)) => vectors::plan(request, &mut plan, rows, width, leaf),
        (Walk::Similarity(pairs), Leaf::Similarity(leaf)) => similarity::plan(request, &mut plan, pairs, leaf)?,
        (Walk::Gram(classes), _) => gram::plan(request, &mut plan, classes)?,
        (Walk::Linear(pairs), Leaf::Linear(leaf)) => linear::plan(request, &mut plan, pairs, leaf)?,
        _ => unreachable!("the checks choose the walk by the leaf"),
    }
    let spread = request.part.classes_from;
    plan.params.first_class = spread.map_or(0, |classes| narrow(classes.first as u64));
    plan.params.all_classes = spread.map_or(plan.params.classes, |classes| narrow(classes.of as u64));
    let pieces = request.part.among.as_ref().map_or(0, |all| all.shape()[0] as u64);
    plan.params.pieces = narrow(pieces);
    let tallies = u64::from(plan.params.tallies.max(plan.params.count_tallies));
    if tallies > MOST_TALLIES {
        return Err(Error::TooLarge { what: "tallies of a walk".into(), needed: tallies, limit: MOST_TALLIES });
    }
    plan.scratch.push(("workspace", WORKSPACE_HEAD + TALLY_BYTES * tallies.max(1)));
    plan.longest_loop = plan.longest_loop.max(tallies.div_ceil(256));
    for &piece in request.pieces() {
        plan.stages.push(totals(request, piece, "geometry/totals_outcome", "totals_outcome"));
    }
    dtypes(request, &mut plan);
    match request.in_place().filter(|wanted| !plan.reads_first(wanted)) {
        Some(wanted) => Err(overlapping(wanted)),
        None => Ok(plan),
    }
}

/// Refuses a gradient in the place of an operand that is read when it is written.
fn overlapping(wanted: &Wanted) -> Error {
    Error::OverlappingBuffers { output: format!("gradient {}", wanted.output), other: wanted.operand.into() }
}

/// Tells the kernels how operands and gradients are stored: what stands for binding `x0` is read as the override `X0_DTYPE`
/// says, and a gradient of 16 bits is written by `operand/dx0_half` instead of `operand/dx0`, which writes f32.
fn dtypes(request: &Request<'_>, plan: &mut Plan) {
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
            let bound = plan.bound(stage, &name);
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

/// One loss of a walk: the twin of `PIECE` in `shaders/lib/totals.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    /// The only one.
    Only,
    /// The one that another rides along with.
    Ridden,
    /// The one that rides along.
    Rider,
}

/// The counting and scaling before a walk that writes gradients, where only the GPU knows what they are divided by.
fn scale_first(request: &Request<'_>, plan: &mut Plan, count: Stage, chunk: u32, tallies: u64) {
    scale_piece(request, plan, Piece::Only, Some((count, chunk, tallies)));
}

/// The same for one loss of the walk, which may have nothing to count.
fn scale_piece(request: &Request<'_>, plan: &mut Plan, piece: Piece, count: Option<(Stage, u32, u64)>) {
    let divisor = request.divisor(piece);
    let counted = matches!(divisor, Divisor::Weights | Divisor::Count);
    let given = divisor == Divisor::Tensor || matches!(request.part.upstream, Scale::Tensor(_));
    if request.wanted.is_empty() || request.unreduced() || !(counted || given) {
        return;
    }
    if let Some((count, chunk, tallies)) = count.filter(|_| counted) {
        (plan.params.count_chunk, plan.params.count_tallies) = (chunk, narrow(tallies));
        plan.longest_loop = plan.longest_loop.max(u64::from(chunk) / 256);
        plan.stages.push(count);
    }
    plan.stages.push(totals(request, piece, "geometry/totals_scale", "totals_scale"));
}

fn totals(request: &Request<'_>, piece: Piece, path: &str, entry: &'static str) -> Stage {
    let divisor = request.divisor(piece);
    let mut joint = Joint::new(&["lib/params", "lib/math", "lib/tally", "lib/workspace", "dtype/float"]);
    joint.optional("divisor", divisor == Divisor::Tensor);
    if entry == "totals_scale" {
        joint.optional("upstream", matches!(request.part.upstream, Scale::Tensor(_)));
    }
    joint.files(&["lib/totals", path]);
    let divisor = match divisor {
        Divisor::Number(_) => 0.0,
        Divisor::Weights => 1.0,
        Divisor::Count => 2.0,
        Divisor::Tensor => 3.0,
    };
    joint.stage(entry, vec![("DIVISOR".into(), divisor), ("PIECE".into(), f64::from(piece as u8))], 1)
}

/// As many dispatches of a walk as it takes to write all gradients, of which the first counts: each writes to outputs of its
/// own, in as many buffers as a dispatch binds.
fn walks(wanted: &[Wanted], walk: impl Fn(bool, &[Wanted]) -> Stage) -> Vec<Stage> {
    let (mut stages, mut left) = (Vec::new(), wanted.to_vec());
    while stages.is_empty() || !left.is_empty() {
        let first = stages.is_empty();
        let mut now: Vec<Wanted> = Vec::new();
        for wanted in &left {
            if now.iter().any(|other| other.output == wanted.output) {
                continue;
            }
            now.push(*wanted);
            if walk(first, &now).buffers() > MOST_BUFFERS {
                now.pop();
            }
        }
        left.retain(|wanted| !now.contains(wanted));
        // what a second dispatch writes to an output that a first has written is added
        for wanted in &mut left {
            wanted.add |= now.iter().any(|other| other.output == wanted.output);
        }
        stages.push(walk(first, &now));
    }
    stages
}

/// Joins the stores of the element operands' gradients, and says which outputs they go to.
fn bind_gradients(
    joint: &mut Joint,
    overrides: &mut Vec<(String, f64)>,
    header: &Header,
    gradients: &[Wanted],
) -> Vec<(String, usize)> {
    let mut bound = Vec::new();
    for k in 0..4 {
        let spec = header.components().nth(k);
        let wanted = spec.and_then(|spec| gradients.iter().find(|wanted| wanted.operand == spec.name));
        joint.optional(&format!("dx{k}"), wanted.is_some());
        if let Some(wanted) = wanted {
            bound.push((format!("dx{k}"), wanted.output));
            overrides.push((format!("DX{k}_ADD"), f64::from(u8::from(wanted.add))));
        }
    }
    bound
}

/// The files of a kernel, as they are joined.
#[derive(Clone, Default)]
struct Joint {
    sources: Vec<Source>,
}

impl Joint {
    fn new(files: &[&str]) -> Joint {
        let mut joint = Joint::default();
        joint.files(files);
        joint
    }

    fn files(&mut self, files: &[&str]) {
        self.sources.extend(files.iter().map(|path| file(path)));
    }

    /// An operand's file, or the file that stands for its absence.
    fn optional(&mut self, name: &str, present: bool) {
        self.sources.push(file(&format!("{}/{name}", if present { "operand" } else { "absent" })));
    }

    /// A dispatch of the kernel, with those of the overrides that its files declare.
    fn stage(self, entry: &'static str, mut overrides: Vec<(String, f64)>, groups: u64) -> Stage {
        let lines = self.sources.iter().flat_map(|source| source.text.lines());
        let declared = lines.filter_map(|line| Some(line.strip_prefix("override ")?.split_once(':')?.0));
        let declared: Vec<&str> = declared.collect();
        overrides.retain(|(name, _)| declared.contains(&name.as_str()));
        let kernel = Kernel { entry, sources: self.sources, overrides, shared_buffer: false };
        Stage { kernel: Arc::new(kernel), groups, block: Block::default(), gradients: Vec::new(), operands: Vec::new() }
    }
}

impl Stage {
    /// How many storage buffers the stage binds.
    pub fn buffers(&self) -> usize {
        self.kernel.bindings().iter().filter(|binding| binding.kind != wgpu::BufferBindingType::Uniform).count()
    }

    /// The stage with operands of its own behind some of its bindings.
    fn reading(mut self, operands: &[(&'static str, &'static str)]) -> Stage {
        self.operands = operands.to_vec();
        self
    }

    /// The same over a block, by so many workgroups.
    fn over(&self, block: Block, groups: u64) -> Stage {
        Stage { block, groups, ..self.clone() }
    }

    fn writing(mut self, gradients: Vec<(String, usize)>) -> Stage {
        self.gradients = gradients;
        self
    }
}

/// The choices that a loss's options make in its shaders: flags, names by their place, integers, and
/// whether there is a value.
fn overrides(loss: &dyn Loss) -> Vec<(String, f64)> {
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

fn params(request: &Request<'_>) -> Params {
    let mut params = Params::new();
    params.part = narrow(request.place as u64);
    params.slot = narrow(request.slot as u64);
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
fn operands(request: &Request<'_>) -> Vec<(String, &'static str)> {
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

/// Numbers that have been checked to fit 32 bits.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
