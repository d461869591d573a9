//! A plan: its dispatches, what their bindings stand for, and how many dispatches it takes to write all gradients.

use super::scratch::{BESIDE_PIXEL_STATE, ELEMENT_BYTES, Scratch, state_bytes};
use super::spans::{Spans, Values};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::{Block, Params};
use crate::gpu::recipe::{Quads, Recipe};
use crate::gpu::shaders::Shader;
use crate::gpu::shaders::operand::dx;
use crate::loss::Header;
use crate::shape::DType;
use std::ops::Range;
use std::sync::Arc;

/// The most storage buffers that a dispatch binds: WebGPU's default limit.
pub(crate) const MOST_BUFFERS: usize = 8;

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
    pub recipe: Arc<Recipe>,
    pub groups: u64,
    /// What it alone runs over, where a walk goes block by block.
    pub block: Block,
    /// What the gradients' bindings go to, by name.
    pub(super) gradients: Vec<(String, usize)>,
    /// The operands that bindings stand for in this dispatch alone, by name.
    pub operands: Vec<(&'static str, &'static str)>,
    /// The values that its workgroups go through, where it may be cut between any two of them.
    pub(super) values: Option<Values>,
    /// The elements that are bound of what is longer than a binding may be, by the binding's name.
    pub windows: Vec<(&'static str, Range<u64>)>,
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
    pub(super) operands: Vec<(String, &'static str)>,
    /// The operands whose gradients go to outputs.
    pub(super) outputs: Vec<(usize, &'static str)>,
    /// The most tallies that a stage leaves, as counted: what the parameters hold of them is 32 bits.
    pub(super) tallies: u64,
    /// Which elements of a binding belong to which values of the walk.
    pub(super) spans: Spans,
}

impl Plan {
    /// Asks for scratch memory of so many elements.
    pub(super) fn hold(&mut self, name: &str, elements: u64) {
        let known = ELEMENT_BYTES.iter().find(|(known, _)| *known == name);
        let (name, element) = *known.unwrap_or_else(|| unreachable!("no scratch memory {name}"));
        self.scratch.push(Scratch { name, bytes: element * elements, element });
    }

    /// Says how many tallies the walk leaves.
    pub(super) fn tally(&mut self, tallies: u64) {
        self.params.tallies = narrow(tallies);
        self.tallies = self.tallies.max(tallies);
    }

    /// Asks for so many states of a fold over classes.
    pub(super) fn hold_states(&mut self, fold: &str, states: u64) {
        let element = state_bytes(fold);
        self.scratch.push(Scratch { name: "chunk_states", bytes: element * states, element });
    }

    /// The same of so many positions, beside each one's label's logit.
    pub(super) fn hold_pixel_states(&mut self, fold: &str, positions: u64) {
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

/// Numbers that have been checked to fit 32 bits.
pub(super) fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// As many dispatches of a walk as it takes to write all gradients, of which the first counts: each writes to outputs of its
/// own, in as many buffers as a dispatch binds.
pub(super) fn walks(wanted: &[Wanted], walk: impl Fn(bool, &[Wanted]) -> Stage) -> Vec<Stage> {
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

/// Fills the slots of the element operands' gradients, and says which outputs they go to.
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

impl Stage {
    /// A dispatch of `groups` workgroups of a kernel.
    pub(super) fn new(entry: Shader, slots: Slots, choices: Choices, groups: u64) -> Stage {
        Stage {
            recipe: Arc::new(Recipe::new(entry, slots, choices)),
            groups,
            block: Block::default(),
            gradients: Vec::new(),
            operands: Vec::new(),
            values: None,
            windows: Vec::new(),
        }
    }

    /// How many storage buffers the stage binds.
    pub fn buffers(&self) -> usize {
        self.recipe.bindings().iter().filter(|binding| binding.kind != wgpu::BufferBindingType::Uniform).count()
    }

    /// The stage with operands of its own behind some of its bindings.
    pub(super) fn reading(mut self, operands: &[(&'static str, &'static str)]) -> Stage {
        self.operands = operands.to_vec();
        self
    }

    /// The stage, whose kernel reads and writes elements four at a time from places that are multiples of four, if `quads`.
    pub(super) fn in_quads(self, quads: bool) -> Stage {
        self.taking(if quads { Quads::Writes } else { Quads::Nothing })
    }

    /// The stage, whose kernel reads elements four at a time but writes them one by one, if `quads`.
    pub(super) fn reading_quads(self, quads: bool) -> Stage {
        self.taking(if quads { Quads::Reads } else { Quads::Nothing })
    }

    /// The stage, of whose positions a lane keeps the classes where they are so few.
    pub(super) fn of_few(mut self, classes: Option<u32>) -> Stage {
        Arc::make_mut(&mut self.recipe).few = classes;
        self
    }

    /// The stage, of whose rows a lane keeps its fours where they are so few.
    pub(super) fn keeping_rows(mut self, fours: Option<u32>) -> Stage {
        Arc::make_mut(&mut self.recipe).row = fours;
        self
    }

    /// The stage, whose lanes take so many times four neighbours at a time.
    pub(super) fn in_strips(mut self, fours: usize) -> Stage {
        Arc::make_mut(&mut self.recipe).strip = Some(fours as u32);
        self
    }

    fn taking(mut self, quads: Quads) -> Stage {
        Arc::make_mut(&mut self.recipe).quads = quads;
        self
    }

    /// The stage, whose workgroups go through these values of the walk.
    pub(super) fn through(mut self, values: Values) -> Stage {
        self.values = Some(values);
        self
    }

    /// The stage over `block`, by `groups` workgroups.
    pub(super) fn over(&self, block: Block, groups: u64) -> Stage {
        Stage { block, groups, ..self.clone() }
    }

    /// The stage for the workgroups `groups` of a walk that has `all` of them.
    pub(super) fn part(&self, block: Block, groups: Range<u64>, all: u64) -> Stage {
        let place = |place: u64| u32::try_from(place).unwrap_or(u32::MAX);
        let [first_group, end_group] = [groups.start, groups.end].map(place);
        let beyond = place(all - groups.end);
        self.over(Block { first_group, end_group, beyond, ..block }, groups.end - groups.start)
    }

    pub(super) fn writing(mut self, gradients: Vec<(String, usize)>) -> Stage {
        self.gradients = gradients;
        self
    }
}
