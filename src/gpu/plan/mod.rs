//! What to dispatch for a part of a term: kernels, workgroups, scratch memory. Plans know nothing of buffers.
//!
//! How a walk is cut depends on the shape alone, so that the same inputs give the same bits everywhere.

mod blocks;
mod elements;
mod gram;
#[cfg(any(test, feature = "fuzzing"))]
mod invariants;
mod joint;
mod linear;
mod passes;
mod pixels;
mod positions;
mod ranges;
mod regions;
mod request;
mod rounding;
mod similarity;
mod split;
mod tiles;
mod totals;
mod vectors;

use crate::check::{Work, work};
use crate::error::{Error, Result};
use crate::gpu::kernel::{Kernel, refuse_bindings};
use crate::gpu::params::{Block, Params};
use crate::leaf::Leaf;
use crate::shape::DType;
use joint::{Joint, bind_gradients, walks};
use request::{dtypes, operands, overrides, params};
use split::{Spans, Values};
use std::ops::Range;
use std::sync::Arc;
use totals::{Piece, scale_first, scale_piece, totals};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use invariants::assert_kept;
#[cfg(test)]
pub(crate) use invariants::assert_short;
pub(crate) use request::Request;
pub(crate) use rounding::rounding;

/// The most storage buffers that a dispatch binds: WebGPU's default limit.
pub(crate) const MOST_BUFFERS: usize = 8;

/// The most tallies that are merged by one workgroup: each of its invocations loops over 1/256 of them.
const MOST_TALLIES: u64 = 1 << 20;

/// The bytes of a tally, and of what stands before the tallies: the twins of `Tally` and `Workspace` in `shaders/lib`.
pub(super) const TALLY_BYTES: u64 = 32;
pub(super) const WORKSPACE_HEAD: u64 = 16;

/// The bytes of an element of each other scratch memory: the strides of the shaders' arrays of these names.
pub(crate) const ELEMENT_BYTES: &[(&str, u64)] = &[
    ("items", 16),
    ("row_states", 32),
    ("region_sums", 16),
    ("coefficients", 8),
    ("pixels", 8),
    ("pixel_fours", 16),
    ("riders", 24),
    ("ranged_pixels", 24),
    ("ranged_riders", 28),
    ("factors", 4),
    ("whole_states", 24),
    ("hits", 4),
    ("records", 32),
    ("slopes", 16),
    ("slope_sums", 8),
    ("pulls", 8),
    ("products", 16),
    ("grams", 4),
    ("gram_slopes", 4),
];

/// The bytes of the state of each fold over classes: the strides of the shaders' arrays `chunk_states`.
pub(super) const STATE_BYTES: &[(&str, u64)] = &[("fold/softmax", 24), ("fold/class_sum", 12), ("fold/divergence", 32)];

/// The bytes beside the state of a position whose classes are gone through range by range: its label's logit.
pub(super) const BESIDE_PIXEL_STATE: u64 = 4;

/// The bytes of an element of this scratch memory.
fn scratch_bytes(name: &str) -> u64 {
    let known = ELEMENT_BYTES.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| unreachable!("no scratch memory {name}")).1
}

fn state_bytes(fold: &str) -> u64 {
    let known = STATE_BYTES.iter().find(|(known, _)| *known == fold);
    known.unwrap_or_else(|| unreachable!("no states of {fold}")).1
}

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
    /// The f32 sum of a gradient that is stored in 16 bits.
    Sum,
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
    /// The values that its workgroups go through, where it may be cut between any two of them.
    values: Option<Values>,
    /// The elements that are bound of what is longer than a binding may be, by the binding's name.
    pub windows: Vec<(&'static str, Range<u64>)>,
}

/// Scratch memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scratch {
    pub name: &'static str,
    pub bytes: u64,
    /// Of an element, where there are many.
    pub element: u64,
}

/// All dispatches of a part.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub params: Params,
    pub stages: Vec<Stage>,
    pub scratch: Vec<Scratch>,
    /// The loop of an invocation that is longest, in iterations.
    pub longest_loop: u64,
    /// Numbers of the loss's own, one for each element of the last axis.
    pub columns: Option<Vec<f32>>,
    operands: Vec<(String, &'static str)>,
    /// The operands whose gradients go to outputs.
    outputs: Vec<(usize, &'static str)>,
    /// The most tallies that a stage leaves, as counted: what the parameters hold of them is 32 bits.
    tallies: u64,
    /// Which elements of a binding belong to which values of the walk.
    spans: Spans,
}

impl Plan {
    /// Asks for scratch memory of so many elements.
    fn hold(&mut self, name: &str, elements: u64) {
        let known = ELEMENT_BYTES.iter().find(|(known, _)| *known == name);
        let (name, element) = *known.unwrap_or_else(|| unreachable!("no scratch memory {name}"));
        self.scratch.push(Scratch { name, bytes: element * elements, element });
    }

    /// Says how many tallies the walk leaves.
    fn tally(&mut self, tallies: u64) {
        self.params.tallies = narrow(tallies);
        self.tallies = self.tallies.max(tallies);
    }

    /// Asks for so many states of a fold over classes.
    fn hold_states(&mut self, fold: &str, states: u64) {
        let element = state_bytes(fold);
        self.scratch.push(Scratch { name: "chunk_states", bytes: element * states, element });
    }

    /// The same of so many positions, beside each one's label's logit.
    fn hold_pixel_states(&mut self, fold: &str, positions: u64) {
        let element = state_bytes(fold) + BESIDE_PIXEL_STATE;
        self.scratch.push(Scratch { name: "pixel_states", bytes: element * positions, element });
    }

    /// The bytes of an element of scratch memory.
    pub fn element_bytes(&self, name: &str) -> u64 {
        self.scratch.iter().find(|scratch| scratch.name == name).map_or(4, |scratch| scratch.element)
    }

    /// The caller's name for a binding of a stage.
    pub fn words(&self, stage: &Stage, name: &str) -> String {
        match self.bound(stage, name) {
            Bound::Operand(operand) => format!("`{operand}`"),
            Bound::Output(output) => match self.outputs.iter().find(|(known, _)| *known == output) {
                Some((_, operand)) => format!("the gradient of `{operand}`"),
                None => "a gradient".into(),
            },
            Bound::Upstream => "`upstream`".into(),
            Bound::DivideBy => "`divide_by`".into(),
            Bound::Losses | Bound::Outcome | Bound::Loss => "the loss".into(),
            Bound::Statistics => "the statistics".into(),
            Bound::Params | Bound::Scratch(_) | Bound::Columns | Bound::Sum => "the workspace".into(),
        }
    }

    /// Whether no stage reads an operand after the one that writes its gradient in its place, but another dispatch of the same
    /// kernel, which goes through other elements.
    fn reads_first(&self, wanted: &Wanted) -> bool {
        let writes = |stage: &Stage| stage.gradients.iter().any(|(_, output)| *output == wanted.output);
        let reads = |stage: &Stage| {
            let bindings = stage.kernel.bindings();
            bindings.iter().any(|binding| self.bound(stage, binding.name) == Bound::Operand(wanted.operand))
        };
        let mut after = self.stages.iter().skip_while(|stage| !writes(stage));
        let Some(first) = after.next() else { return true };
        !after.any(|stage| !Arc::ptr_eq(&stage.kernel, &first.kernel) && (writes(stage) || reads(stage)))
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
            "x0" => Bound::Sum,
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
                let known = self.scratch.iter().find(|scratch| scratch.name == name);
                Bound::Scratch(known.unwrap_or_else(|| unreachable!("nothing is bound to {name}")).name)
            }
        }
    }
}

/// The plan of a part.
///
/// The checks have refused what no device can do. A refusal here is the GPU's alone, and says so.
pub(crate) fn plan(request: &Request<'_>) -> Result<Plan> {
    refuse_bindings(&request.loss().header().shader)?;
    if let Some(rider) = request.loss().leaf().rider() {
        refuse_bindings(&rider.loss.header().shader)?;
    }
    let (name, id) = (&request.part.name, request.loss().header().id);
    let whose = if name.ends_with(id) { name.clone() } else { format!("{name} ({id})") };
    planned(request).map_err(|error| match error {
        Error::TooLarge { what, needed, limit } => {
            Error::TooLarge { what: format!("{whose} on the GPU: {what}"), needed, limit }
        }
        other => other,
    })
}

fn planned(request: &Request<'_>) -> Result<Plan> {
    let mut plan = Plan {
        params: params(request),
        stages: Vec::new(),
        scratch: Vec::new(),
        longest_loop: 0,
        columns: None,
        operands: operands(request),
        outputs: request.wanted.iter().map(|wanted| (wanted.output, wanted.operand)).collect(),
        tallies: 0,
        spans: Spans::Whole,
    };
    let work = work(request.part)?;
    if let (Some(wanted), Work::Positions { classes, .. }) = (request.in_place(), work)
        && classes.c > positions::MOST_IN_PLACE
    {
        return Err(overlapping(wanted));
    }
    match work {
        Work::Elements { items, per_item, .. } => elements::plan(request, &mut plan, items, per_item),
        Work::Boxes { count, .. } => elements::plan(request, &mut plan, 1, count),
        Work::Positions { classes, .. } => {
            positions::plan(request, &mut plan, classes, positions::Fold::of(request.loss().leaf()))
        }
        Work::Regions { leaf, classes } => regions::plan(request, &mut plan, classes, leaf)?,
        Work::Vectors { leaf, rows, width } => vectors::plan(request, &mut plan, rows, width, leaf),
        Work::Similarity { leaf, pairs } => similarity::plan(request, &mut plan, pairs, leaf)?,
        Work::Gram { classes, .. } => gram::plan(request, &mut plan, classes)?,
        Work::Linear { leaf, pairs } => linear::plan(request, &mut plan, pairs, leaf)?,
    }
    let spread = request.part.classes_from;
    plan.params.first_class = spread.map_or(0, |classes| narrow(classes.first as u64));
    plan.params.all_classes = spread.map_or(plan.params.classes, |classes| narrow(classes.of as u64));
    let pieces = request.part.among.as_ref().map_or(0, |all| all.shape()[0] as u64);
    plan.params.pieces = narrow(pieces);
    let tallies = plan.tallies.max(plan.params.count_tallies.into());
    if tallies > MOST_TALLIES {
        return Err(Error::TooLarge { what: "tallies of a walk".into(), needed: tallies, limit: MOST_TALLIES });
    }
    let bytes = WORKSPACE_HEAD + TALLY_BYTES * tallies.max(1);
    plan.scratch.push(Scratch { name: "workspace", bytes, element: TALLY_BYTES });
    plan.longest_loop = plan.longest_loop.max(tallies.div_ceil(256));
    for &piece in request.pieces() {
        plan.stages.push(totals(request, piece, "geometry/totals_outcome", "totals_outcome"));
    }
    dtypes(request, &mut plan);
    split::split(request, &mut plan)?;
    match request.in_place().filter(|wanted| !plan.reads_first(wanted)) {
        Some(wanted) => Err(overlapping(wanted)),
        None => Ok(plan),
    }
}

/// Whether the kernels of a leaf's family read each element of the prediction before they write its gradient there.
pub(crate) fn reads_first(leaf: Leaf<'_>) -> bool {
    match leaf {
        Leaf::Pointwise(_) | Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_) => true,
        Leaf::Boxes(_) | Leaf::Vectors(_) | Leaf::Similarity(_) => false,
        Leaf::Linear(_) | Leaf::Gram(_) | Leaf::Composite(_) => false,
    }
}

/// The rule for a gradient that overwrites its operand.
pub(crate) const IN_PLACE: &str = "a gradient in place needs an f32 operand that stands in one place of the term, the \
     prediction of a loss of elements, of regions, or over at most 2^19 classes, and is stored, not added";

/// Refuses a gradient in the place of an operand that is read when it is written.
fn overlapping(wanted: &Wanted) -> Error {
    let (output, other) = (format!("gradient of {}", wanted.operand), wanted.operand.into());
    Error::OverlappingBuffers { output, other, rule: Some(IN_PLACE) }
}

/// Numbers that have been checked to fit 32 bits.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
