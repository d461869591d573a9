//! A plan: its dispatches, what is bound to their bindings, and how gradients are distributed over dispatches.

use super::scratch::Scratch;
use super::spans::{Spans, Values};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::{Block, Params};
use crate::gpu::recipe::{Quads, Recipe};
use crate::gpu::shaders::Shader;
use crate::gpu::shaders::operand::dx;
use crate::loss::Header;
use crate::shape::{DType, Pictures};
use crate::term::Observation;
use std::ops::Range;
use std::sync::Arc;

/// The most storage buffers that a dispatch binds. This is WebGPU's default limit.
pub(crate) const MOST_BUFFERS: usize = 8;

/// A gradient that the caller wants of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    /// The operand's name in the header.
    pub operand: &'static str,
    /// The index of the output that the gradient goes to.
    pub output: usize,
    /// Whether the gradient is added to the output's contents, rather than stored.
    pub add: bool,
    /// The output's dtype.
    pub dtype: DType,
    /// Whether the output is the operand itself, which the gradient overwrites.
    pub in_place: bool,
}

/// The tensor or memory that is bound to a binding of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    Params,
    Operand(&'static str),
    Upstream,
    DivideBy,
    /// The output with this index.
    Output(usize),
    /// The f32 sum of a gradient whose output has 16 bits.
    Sum,
    /// The scratch memory with this name.
    Scratch(&'static str),
    /// The loss's constants: [`Plan::columns`].
    Columns,
    /// The axes of broadcast operands: [`Plan::broadcast`].
    Broadcast,
    Losses,
    Outcome,
    Loss,
    /// The caller's tensor of the parts' sums.
    PartSums,
    /// The tensor of an observation of positions.
    Observed(Observation),
    /// The statistics of all shards, which the part is given, or the tensor that this shard's statistics are written to.
    Statistics,
}

/// One dispatch.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// Shared by the stages of a walk that differ only in their block.
    pub recipe: Arc<Recipe>,
    pub groups: u64,
    /// The range of this dispatch, if the walk goes block by block or slice by slice.
    pub block: Block,
    /// The output of each binding of a gradient: binding, output.
    pub(super) gradients: Vec<(String, usize)>,
    /// The operands that are bound in this dispatch only: binding, operand.
    pub operands: Vec<(&'static str, &'static str)>,
    /// The values of each workgroup, if the dispatch may be cut into slices between any two workgroups.
    pub(super) values: Option<Values>,
    /// The range of elements to bind, by the binding's name, for the bindings that do not get the whole tensor.
    pub windows: Vec<(&'static str, Range<u64>)>,
    /// The iterations of the longest loop of an invocation.
    #[allow(dead_code, reason = "the rules that plans keep read it, in tests and in fuzzing")]
    pub(super) longest_loop: u64,
}

/// All dispatches of a part.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub params: Params,
    pub stages: Vec<Stage>,
    pub scratch: Vec<Scratch>,
    /// The loss's constants, one for each element of the last axis, or for each level.
    pub columns: Option<Vec<f32>>,
    /// The axes of broadcast operands, for the uniform of `lib/broadcast`.
    pub broadcast: Option<Vec<u32>>,
    pub(super) operands: Vec<(String, &'static str)>,
    /// The outputs of gradients, each with its operand.
    pub(super) outputs: Vec<(usize, &'static str)>,
    /// Which elements of each binding a value of the walk needs.
    pub(super) spans: Spans,
}

impl Plan {
    /// The iterations of the longest loop of any invocation.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn longest_loop(&self) -> u64 {
        self.stages.iter().map(|stage| stage.longest_loop).max().unwrap_or(0)
    }

    /// The bytes of an element of the scratch memory `name`.
    pub fn element_bytes(&self, name: &str) -> u64 {
        self.scratch.iter().find(|scratch| scratch.name == name).map_or(4, |scratch| scratch.element)
    }

    /// The caller's name for the tensor at a binding, for errors and reports.
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
            Bound::PartSums => "the sums of the parts".into(),
            Bound::Observed(observation) => format!("`{}`", observation.name()),
            Bound::Params | Bound::Scratch(_) | Bound::Columns | Bound::Broadcast | Bound::Sum => {
                "the workspace".into()
            }
        }
    }

    /// Whether an operand's last read comes before its gradient overwrites it. Later dispatches of the writing kernel
    /// may still read it, because they go through other elements.
    pub(super) fn reads_first(&self, wanted: &Wanted) -> bool {
        let writes = |stage: &Stage| stage.gradients.iter().any(|(_, output)| *output == wanted.output);
        let reads = |stage: &Stage| {
            let bindings = stage.recipe.bindings();
            bindings.iter().any(|binding| self.bound(stage, binding.name) == Bound::Operand(wanted.operand))
        };
        let mut after = self.stages.iter().skip_while(|stage| !writes(stage));
        let Some(first) = after.next() else { return true };
        !after.any(|stage| !Arc::ptr_eq(&stage.recipe, &first.recipe) && (writes(stage) || reads(stage)))
    }

    /// The tensor or memory that is bound to the binding `name` of a stage.
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
            // no operand has this binding, so the loss's constants do
            "x1" | "x2" | "x3" => Bound::Columns,
            "upstream" => Bound::Upstream,
            "divisor" => Bound::DivideBy,
            "losses" => Bound::Losses,
            "statistics" | "statistics_out" => Bound::Statistics,
            "outcome" => Bound::Outcome,
            "loss_out" => Bound::Loss,
            "part_sums" => Bound::PartSums,
            "predicted" => Bound::Observed(Observation::Predicted),
            "log_prob" => Bound::Observed(Observation::LogProb),
            "items_out" => Bound::Scratch("items"),
            "value_factors_out" => Bound::Scratch("value_factors"),
            "broadcast" => Bound::Broadcast,
            name => {
                let known = self.scratch.iter().find(|scratch| scratch.name == name);
                Bound::Scratch(known.unwrap_or_else(|| unreachable!("nothing is bound to {name}")).name)
            }
        }
    }
}

/// Converts a number for a [`Block`]. The checks refuse operands with more rows or classes than fit 32 bits.
pub(super) fn of_block(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns the dispatches of a walk that write all gradients. Each dispatch binds as many outputs as [`MOST_BUFFERS`]
/// allows, and no output twice. `walk(first, gradients)` makes the dispatch that writes `gradients`; the first one also
/// leaves the tallies. If a dispatch exceeds [`MOST_BUFFERS`] even with one gradient or none, it is returned all the
/// same, and the caller has to plan the walk anew.
pub(super) fn dispatches_for_gradients(wanted: &[Wanted], walk: impl Fn(bool, &[Wanted]) -> Stage) -> Vec<Stage> {
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
        if now.is_empty() && !first {
            now.push(left[0]);
        }
        left.retain(|wanted| !now.contains(wanted));
        // later dispatches add to the outputs that this one writes
        for wanted in &mut left {
            wanted.add |= now.iter().any(|other| other.output == wanted.output);
        }
        stages.push(walk(first, &now));
    }
    stages
}

/// Fills the slots of the gradients of the leaf's operands. Returns each gradient's binding with its output.
pub(super) fn bind_gradients(
    slots: &mut Slots,
    choices: &mut Choices,
    header: &Header,
    gradients: &[Wanted],
) -> Vec<(String, usize)> {
    let mut bound = Vec::new();
    for k in 0..4 {
        let spec = header.components().nth(k);
        let wanted = spec.and_then(|spec| gradients.iter().find(|wanted| wanted.operand == spec.name));
        slots.fill_dx(k, if wanted.is_some() { dx::WORDS } else { dx::NOWHERE });
        if let Some(wanted) = wanted {
            bound.push((format!("dx{k}"), wanted.output));
            choices.add(format!("DX{k}_ADD"), f64::from(u8::from(wanted.add)));
        }
    }
    bound
}

/// A [`Block`] with the sizes and strides of pictures.
pub(super) fn block_of(pictures: &Pictures) -> Block {
    let &Pictures { height, width, plane, step, .. } = pictures;
    let [height, width, plane, step] = [height, width, plane, step].map(of_block);
    Block { height, width, plane, step, ..Block::default() }
}

impl Stage {
    /// A dispatch of `groups` workgroups of the kernel with this entry file.
    pub(super) fn new(entry: Shader, slots: Slots, choices: Choices, groups: u64) -> Stage {
        Stage {
            recipe: Arc::new(Recipe::new(entry, slots, choices)),
            groups,
            block: Block::default(),
            gradients: Vec::new(),
            operands: Vec::new(),
            values: None,
            windows: Vec::new(),
            longest_loop: 0,
        }
    }

    /// How many storage buffers the stage binds.
    pub fn buffers(&self) -> usize {
        self.recipe.bindings().iter().filter(|binding| binding.kind != wgpu::BufferBindingType::Uniform).count()
    }

    /// Sets the operands that are bound in this stage only.
    pub(super) fn reading(mut self, operands: &[(&'static str, &'static str)]) -> Stage {
        self.operands = operands.to_vec();
        self
    }

    /// Lets the kernel read and write quads, if `quads`. Each of its quads begins at an index that is a multiple of four.
    pub(super) fn in_quads(self, quads: bool) -> Stage {
        self.taking(if quads { Quads::Writes } else { Quads::Nothing })
    }

    /// Lets the kernel read quads but write single elements, if `quads`.
    pub(super) fn reading_quads(self, quads: bool) -> Stage {
        self.taking(if quads { Quads::Reads } else { Quads::Nothing })
    }

    /// Lets a lane keep the classes of its positions in registers, if the number of classes is given.
    pub(super) fn keeping_classes(mut self, classes: Option<u32>) -> Stage {
        Arc::make_mut(&mut self.recipe).kept_classes = classes;
        self
    }

    /// Lets a lane keep its quads of a row in registers, if the number of quads is given.
    pub(super) fn keeping_rows(mut self, quads: Option<u32>) -> Stage {
        Arc::make_mut(&mut self.recipe).row = quads;
        self
    }

    /// Lets a lane take this many quads of neighbouring positions at a time.
    pub(super) fn in_strips(mut self, quads: usize) -> Stage {
        Arc::make_mut(&mut self.recipe).strip = Some(quads as u32);
        self
    }

    fn taking(mut self, quads: Quads) -> Stage {
        Arc::make_mut(&mut self.recipe).quads = quads;
        self
    }

    /// Sets which values the workgroups go through, so that the stage may be cut into slices.
    pub(super) fn through(mut self, values: Values) -> Stage {
        self.values = Some(values);
        self
    }

    /// A stage with this kernel over `block`, with `groups` workgroups.
    pub(super) fn over(&self, block: Block, groups: u64) -> Stage {
        Stage { block, groups, ..self.clone() }
    }

    /// The slice `groups` of a walk of `all` workgroups.
    pub(super) fn slice(&self, block: Block, groups: Range<u64>, all: u64) -> Stage {
        let place = |place: u64| u32::try_from(place).unwrap_or(u32::MAX);
        let [first_group, end_group] = [groups.start, groups.end].map(place);
        let beyond = place(all - groups.end);
        self.over(Block { first_group, end_group, beyond, ..block }, groups.end - groups.start)
    }

    /// States the iterations of the longest loop of an invocation.
    pub(super) fn looping(self, longest_loop: usize) -> Stage {
        Stage { longest_loop: longest_loop as u64, ..self }
    }

    pub(super) fn writing(mut self, gradients: Vec<(String, usize)>) -> Stage {
        self.gradients = gradients;
        self
    }
}
