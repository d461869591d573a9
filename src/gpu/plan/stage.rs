//! Dispatches, and how many of them it takes to write all gradients.

use super::split::Values;
use super::{MOST_BUFFERS, Stage, Wanted};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::recipe::{Quads, Recipe};
use crate::gpu::shaders::Shader;
use crate::gpu::shaders::operand::dx;
use crate::loss::Header;
use std::ops::Range;
use std::sync::Arc;

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
