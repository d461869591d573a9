//! Plans a walk over the alignments of sequences: sums from step to step forward, the items' losses, sums backward,
//! gradients.
//!
//! A dispatch walks through a block of steps. The sums at the block's last step stay in scratch memory, and the next block
//! begins from them. When the walk backward comes to a block, the block's forward sums are computed again in the same way.
//! So the sums of only one block of steps are held at a time. If the sums of all items together do not fit the workspace
//! bound, items come in blocks too. No sum depends on where a block begins, so blocks change no bit.

use super::options::overrides;
use super::ranges::{bytes_of_a_binding, most_elements};
use super::request::{Request, WalkLoss};
use super::scratch::{MOST_LABELS, Scratch, TALLY_BYTES, WORKSPACE_HEAD, scratch_bytes};
use super::slots::slots;
use super::spans::Spans;
use super::split::{SLICE, room};
use super::stage::{Stage, of_block};
use super::tiles::{BESIDE, MOST_DISPATCHES, WORKSPACE};
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk};
use crate::check::Lattice;
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::operand::{dx, x};
use crate::gpu::shaders::scratch::node_sums;
use crate::gpu::shaders::{choice, geometry, slot};
use crate::leaf::Alignments;
use crate::reduction::Reduction;
use std::ops::Range;

/// The most labels of all items. Kernels count the places of labels in 32 bits, a little past the last one.
const MOST_JOINED: u64 = 1 << 30;
/// The most iterations of a lane that goes through the nodes of several steps.
const ITERATIONS: usize = 8192;
/// The most steps of a block: each step waits for memory, some microseconds on a small GPU.
const STEPS: usize = 512;
/// The fewest steps of a block of all items. If fewer would be necessary, items come in blocks too.
const FEWEST_STEPS: usize = 16;
/// The items that a workgroup counts before the walk.
const COUNTED: usize = 1 << 16;
/// The most iterations of a lane that goes through all items, all steps or all classes.
const LONGEST: usize = 10_240;

pub(super) fn plan(request: &Request<'_>, lattice: Lattice, leaf: &dyn Alignments) -> Result<Walk> {
    let Lattice { steps, items, classes, labels, width } = lattice;
    refuse_more(&lattice)?;
    let longest = lattice.longest().min(MOST_LABELS);
    let tiles = labels.div_ceil(256);
    let tallies = items + 1 + tiles;
    let counted = Counted { chunk: COUNTED, tallies: items.div_ceil(COUNTED) };
    let sizes = Sizes { items, per_item: steps, classes, columns: width.unwrap_or(0), tallies, ..Sizes::default() };
    let sizes = Sizes { first_tally: items, blank: leaf.blank(), labels, longest, ..sizes };
    if items == 0 {
        return Ok(Walk { sizes: Sizes { tallies: 0, ..sizes }, ..Walk::default() });
    }
    let plan = Planning { request, lattice, nodes: 2 * longest + 1, longest };
    let blocks = plan.blocks(tallies)?;
    let needed = items.div_ceil(blocks.items) as u64 * (1 + 3 * steps.div_ceil(blocks.steps) as u64);
    if needed > MOST_DISPATCHES {
        let what = "dispatches of all blocks (take fewer steps or fewer items a call)".into();
        return Err(Error::TooLarge { what, needed, limit: MOST_DISPATCHES });
    }
    let (joined, links) = (width.is_none(), !request.wanted.is_empty());
    let choices = || Choices::default().flag(choice::JOINED, joined).flag(choice::LINKS, links);
    let mut stages =
        vec![Stage::new(geometry::ALIGNMENTS_SPANS, slots(request), choices(), 1).looping(items.div_ceil(256))];
    if labels > 0 {
        let of_labels = Stage::new(geometry::ALIGNMENTS_LABELS, slots(request), choices(), tiles as u64);
        stages.push(of_labels.looping(longest.max(32)));
    }
    let count = Stage::new(geometry::ALIGNMENTS_COUNT, slots(request), Choices::default(), counted.tallies as u64);
    let (scaling, counted) = scale(request, WalkLoss::Only, Some((count, counted)));
    stages.extend(scaling);
    stages.extend(plan.peaks()?);
    let kernels = plan.kernels(&blocks);
    for block in plan.of_items(&blocks) {
        stages.extend(plan.walks(&blocks, &kernels, block));
    }
    let scratch = plan.scratch(&blocks).into_iter().map(|(name, elements)| Scratch::new(name, elements)).collect();
    Ok(Walk { sizes: Sizes { counted, ..sizes }, stages, scratch, spans: Spans::Whole })
}

/// Refuses sizes for which a lane's loops would be too long.
fn refuse_more(lattice: &Lattice) -> Result<()> {
    for (what, needed, limit) in [
        ("labels of an item", lattice.width.unwrap_or(0) as u64, MOST_LABELS as u64),
        ("labels of all items", lattice.labels as u64, MOST_JOINED),
        ("items", lattice.items as u64, 256 * LONGEST as u64),
        ("steps", lattice.steps as u64, 256 * LONGEST as u64),
        ("classes", lattice.classes as u64, 256 * LONGEST as u64),
    ] {
        if needed > limit {
            return Err(Error::TooLarge { what: what.into(), needed, limit });
        }
    }
    Ok(())
}

/// The walk that is being planned.
struct Planning<'a> {
    request: &'a Request<'a>,
    lattice: Lattice,
    /// The most nodes and the most labels of an item.
    nodes: usize,
    longest: usize,
}

/// The kernels that all blocks share.
struct Kernels {
    forward: Stage,
    score: Stage,
    backward: Stage,
    gradient: Stage,
}

/// The sizes of blocks.
#[derive(Clone, Copy, Debug)]
struct Blocks {
    items: usize,
    steps: usize,
}

impl Planning<'_> {
    fn differentiates(&self) -> bool {
        !self.request.wanted.is_empty()
    }

    /// How many sums a step has for `items` items, at most.
    fn row(&self, items: usize) -> u64 {
        let labels = (items as u64 * self.longest as u64).min(self.lattice.labels as u64);
        2 * labels + items as u64
    }

    /// How many steps of a block have their sums in memory at a time: all of them for gradients, otherwise a step and the one
    /// before it.
    fn kept(&self, blocks: &Blocks) -> u64 {
        if self.differentiates() { blocks.steps as u64 } else { 2 }
    }

    /// The names of the scratch memories, each with its number of elements.
    fn scratch(&self, blocks: &Blocks) -> Vec<(&'static str, u64)> {
        let Lattice { steps, items, classes, labels, .. } = self.lattice;
        let row = self.row(blocks.items);
        let boundaries = steps.div_ceil(blocks.steps) as u64 + 1;
        let mut scratch = vec![
            ("spans", items as u64),
            ("symbols", labels.max(1) as u64),
            // without gradients no kernel uses this memory, but the kernel of the labels binds it
            ("heads", if self.differentiates() { items as u64 * classes as u64 } else { 1 }),
            ("peaks", (items as u64 * steps as u64).max(1)),
            ("node_ends", 2 * items as u64),
            ("boundaries", boundaries * row),
            ("alphas", self.kept(blocks) * row),
        ];
        scratch.extend(self.differentiates().then(|| ("betas", self.kept(blocks) * row)));
        scratch
    }

    /// The sizes of blocks: as many items, and then as many steps, as memory, bindings and loops allow.
    fn blocks(&self, tallies: usize) -> Result<Blocks> {
        let Lattice { steps, items, classes, .. } = self.lattice;
        let in_binding = most_elements(self.request) / (items * classes) as u64;
        if in_binding == 0 {
            let needed = bytes_of_a_binding(self.request, (items * classes) as u64);
            let what = "bytes of a binding, for a step of all items".into();
            return Err(Error::TooLarge { what, needed, limit: self.request.target.binding_limit });
        }
        let in_loops = ITERATIONS / self.nodes.div_ceil(256);
        let most = in_loops.min(STEPS).min(usize::try_from(in_binding).unwrap_or(usize::MAX)).min(steps.max(1));
        let few = most.min(FEWEST_STEPS);
        let mut together = Blocks { items, steps: most };
        loop {
            let mut blocks = Blocks { steps: most, ..together };
            // blocks of fewer steps need less memory for sums, but more for boundaries
            while blocks.steps > few && !self.fits(&blocks, tallies) {
                blocks.steps = (3 * blocks.steps / 4).max(few);
            }
            if self.fits(&blocks, tallies) {
                return Ok(blocks);
            }
            if together.items == 1 {
                return Err(self.refusal(&blocks, tallies));
            }
            together.items = together.items.div_ceil(2);
        }
    }

    fn bytes(&self, blocks: &Blocks, tallies: usize) -> u64 {
        let held = self.scratch(blocks).iter().map(|(name, elements)| scratch_bytes(name) * elements).sum::<u64>();
        held + WORKSPACE_HEAD + TALLY_BYTES * tallies as u64 + BESIDE
    }

    /// The bytes of the largest scratch memory.
    fn largest_scratch(&self, blocks: &Blocks) -> u64 {
        self.scratch(blocks).iter().map(|(name, elements)| scratch_bytes(name) * elements).max().unwrap_or(0)
    }

    fn fits(&self, blocks: &Blocks, tallies: usize) -> bool {
        let walked = self.row(blocks.items) * blocks.steps as u64 * scratch_bytes("alphas");
        self.bytes(blocks, tallies) <= self.request.workspace_bound
            && self.largest_scratch(blocks) <= self.request.target.binding_limit
            && (walked <= SLICE || blocks.items == 1)
    }

    /// The error if even the smallest blocks do not fit.
    fn refusal(&self, blocks: &Blocks, tallies: usize) -> Error {
        let (needed, limit) = (self.bytes(blocks, tallies), self.request.workspace_bound);
        if needed > limit {
            return Error::TooLarge { what: WORKSPACE.into(), needed, limit };
        }
        let (needed, limit) = (self.largest_scratch(blocks), self.request.target.binding_limit);
        Error::TooLarge { what: "bytes of a binding, for a block of steps".into(), needed, limit }
    }

    /// The elements of these steps, if a binding has no room for all steps.
    fn window(&self, steps: &Range<usize>) -> Option<Range<u64>> {
        let step = (self.lattice.items * self.lattice.classes) as u64;
        let all = step * self.lattice.steps as u64;
        (all > most_elements(self.request)).then(|| step * steps.start as u64..step * steps.end as u64)
    }

    /// A stage over a block, which binds the steps of the block alone where it has to.
    fn bound(&self, stage: Stage, steps: &Range<usize>) -> Stage {
        let Some(window) = self.window(steps) else { return stage };
        let names: Vec<&'static str> = stage.recipe.bindings().iter().map(|binding| binding.name).collect();
        let windows = names.into_iter().filter(|name| matches!(*name, "x0" | "dx0"));
        Stage { windows: windows.map(|name| (name, window.clone())).collect(), ..stage }
    }

    /// The dispatches that find the greatest log-probability of each step of each item.
    fn peaks(&self) -> Result<Vec<Stage>> {
        let Lattice { steps, items, classes, .. } = self.lattice;
        let lanes = match classes {
            0..=16 => 4,
            17..=512 => 16,
            _ => 64,
        };
        let choices = Choices::default().number(choice::LANES, lanes);
        let stage = Stage::new(geometry::ALIGNMENTS_PEAKS, self.slots(), choices, 0);
        let stage = stage.looping(classes.div_ceil(lanes).max(lanes));
        let most = room(self.request).min(SLICE) / (4 * items as u64 * classes as u64);
        let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
        let slice = |first: usize| {
            let steps = first..first.saturating_add(most).min(steps);
            let block =
                Block { other_first: of_block(steps.start), other_end: of_block(steps.end), ..Block::default() };
            let groups = (steps.len() * items * lanes).div_ceil(256) as u64;
            self.bound(stage.over(block, groups), &steps)
        };
        let stages: Vec<Stage> = (0..steps).step_by(most).map(slice).collect();
        match stages.iter().find(|stage| stage.longest_loop > LONGEST as u64) {
            Some(stage) => {
                let (needed, limit) = (stage.longest_loop, LONGEST as u64);
                Err(Error::TooLarge { what: "classes for each lane".into(), needed, limit })
            }
            None => Ok(stages),
        }
    }

    fn slots(&self) -> Slots {
        let mut slots = slots(self.request);
        slots.fill_x(0, x::WORDS);
        slots
    }

    fn of_items(&self, blocks: &Blocks) -> impl Iterator<Item = Range<usize>> {
        let (items, most) = (self.lattice.items, blocks.items);
        (0..items).step_by(most).map(move |first| first..(first + most).min(items))
    }

    /// The dispatches of a block of items.
    fn walks(&self, blocks: &Blocks, kernels: &Kernels, items: Range<usize>) -> Vec<Stage> {
        let lattice = self.lattice;
        let of_steps: Vec<Range<usize>> = (0..lattice.steps)
            .step_by(blocks.steps)
            .map(|first| first..(first + blocks.steps).min(lattice.steps))
            .collect();
        let block = |place: usize, backward: bool| {
            let steps = of_steps.get(place).cloned().unwrap_or_default();
            Block {
                own_first: of_block(items.start),
                own_end: of_block(items.end),
                other_first: of_block(steps.start),
                other_end: of_block(steps.end),
                // where the sums before the block are read, and where those at its end are stored
                own_base: of_block(place + usize::from(backward)),
                other_base: of_block(place + usize::from(!backward)),
                height: of_block(if self.differentiates() { blocks.steps } else { 2 }),
                width: self.row(items.len()) as u32,
                ..Block::default()
            }
        };
        let through = |stage: &Stage, place: usize, is_backward: bool| {
            self.bound(stage.over(block(place, is_backward), items.len() as u64), &of_steps[place])
        };
        let mut stages: Vec<Stage> = (0..of_steps.len()).map(|place| through(&kernels.forward, place, false)).collect();
        stages.push(kernels.score.over(block(0, false), items.len() as u64));
        if !self.differentiates() {
            return stages;
        }
        let all = lattice.steps as u64 * lattice.items as u64;
        for place in (0..of_steps.len()).rev() {
            // the forward sums of the last block are still in memory
            if place + 1 < of_steps.len() {
                // the boundary after the block holds sums of the walk backward, so these sums go where no kernel reads
                let unread = of_block(of_steps.len());
                let again = through(&kernels.forward, place, false);
                stages.push(Stage { block: Block { other_base: unread, ..again.block }, ..again });
            }
            stages.push(through(&kernels.backward, place, true));
            let before = (items.start * lattice.steps) as u64;
            let [first, end] =
                [of_steps[place].start, of_steps[place].end].map(|step| before + (step * items.len()) as u64);
            let slice = kernels.gradient.slice(block(place, false), first..end, all);
            stages.push(self.bound(slice, &of_steps[place]));
        }
        stages
    }

    fn kernels(&self, blocks: &Blocks) -> Kernels {
        let walk = |sums| {
            let slots = self.slots().with(slot::NODE_SUMS, sums);
            let stage = Stage::new(geometry::ALIGNMENTS_WALK, slots, Choices::default(), 0);
            stage.looping(blocks.steps * self.nodes.div_ceil(256))
        };
        let (forward, backward) = (walk(node_sums::FORWARD), walk(node_sums::BACKWARD));
        Kernels { forward, score: self.score(), backward, gradient: self.gradient() }
    }

    /// The kernel that computes the items' losses.
    fn score(&self) -> Stage {
        let choices =
            overrides(self.request.loss()).flag(choice::PER_LABEL, self.request.part.reduction == Reduction::Mean);
        let stage = Stage::new(geometry::ALIGNMENTS_SCORE, slots(self.request), choices, 0);
        stage.looping(self.lattice.steps.div_ceil(256))
    }

    /// The kernel that writes the gradient.
    fn gradient(&self) -> Stage {
        let mut slots = self.slots();
        slots.fill_dx(0, dx::WORDS);
        let wanted = self.request.wanted.first();
        let choices = Choices::default().flag(choice::DX0_ADD, wanted.is_some_and(|wanted| wanted.add));
        let stage = Stage::new(geometry::ALIGNMENTS_BACKWARD, slots, choices, 0);
        let longest = self.longest.max(self.nodes.div_ceil(256)).max(self.lattice.classes.div_ceil(256));
        stage.looping(longest).writing(wanted.map(|wanted| ("dx0".into(), wanted.output)).into_iter().collect())
    }
}
