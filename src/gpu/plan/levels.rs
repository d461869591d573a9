//! Plans a walk over windows at several levels. For some planes at a time, dispatches make the levels, score all windows,
//! multiply the scores of each plane's levels, and then write gradients from the last level to the first, band by band of
//! rows.
//!
//! The loss of a plane depends on all of its windows, so the slopes of windows are known only once all windows have been
//! scored. The windows are then scored again, because the slopes of all of them would take more memory than the pictures.
//! Planes do not depend on each other, so how many are taken at a time changes no bit.

use super::bands::{Band, TILE, Windowing, beside, held, operands, refuse_more, refuse_wide, slice};
use super::neighbours::{count, losses};
use super::options::overrides;
use super::ranges::most_elements;
use super::request::{Request, WalkLoss};
use super::scratch::{MOST_TALLIES, Scratch};
use super::slots::slots;
use super::spans::Spans;
use super::split::{SLICE, room};
use super::stage::{Stage, block_of, dispatches_for_gradients, of_block};
use super::totals::scale;
use super::walk::{Sizes, Walk};
use super::windows::bind;
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{apart, coarser_gradient, level_gradient, window_terms};
use crate::gpu::shaders::operand::{losses as values, x};
use crate::gpu::shaders::scratch::window_slopes;
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::leaf::Windows;
use crate::shape::Pictures;
use std::ops::Range;

/// The most workgroups that score the windows of a plane's level, since one workgroup merges their sums.
const MOST_SUMS: usize = 1 << 18;

pub(super) fn plan(request: &Request<'_>, pictures: Pictures, leaf: &dyn Windows) -> Result<Walk> {
    let settings = leaf.settings();
    refuse_wide(&settings, &pictures)?;
    let sizes = Sizes { window: settings.size, margin: settings.margin(), ..Sizes::of_pictures(pictures) };
    let mut levels = vec![Windowing::of_operands(request, &settings, pictures)];
    for _ in 1..leaf.levels().len() {
        levels.push(Windowing::of_scratch(&settings, levels[levels.len() - 1].pictures.halved()));
    }
    let lines = levels[0].map.height.div_ceil(TILE);
    let rounds = levels[0].rounds(lines, MOST_SUMS as u64);
    let sizes = Sizes { chunks: pictures.c, rounds, tallies: pictures.planes(), ..sizes };
    if pictures.n == 0 {
        return Ok(Walk { sizes, ..Walk::default() });
    }
    let pyramid = Pyramid { request, levels, rounds };
    let sums = pyramid.sums().iter().sum::<usize>() as u64;
    if sums > MOST_TALLIES {
        let what = "partial sums of a plane's workgroups".into();
        return Err(Error::TooLarge { what, needed: sums, limit: MOST_TALLIES });
    }
    let (together, held, scratch) = pyramid.memory()?;
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some(count(request, pictures.n)));
    let sizes = Sizes { counted, ..sizes };
    pyramid.stages(together, held, &mut stages)?;
    if request.unreduced() {
        stages.push(losses(request, pictures.n, pictures.c));
    }
    Ok(Walk { sizes, stages, scratch, spans: Spans::Whole })
}

/// The levels of two pictures.
struct Pyramid<'a> {
    request: &'a Request<'a>,
    /// The levels, the finest first.
    levels: Vec<Windowing>,
    /// The tiles of a workgroup that scores windows.
    rounds: usize,
}

/// The stages of a level, without their blocks.
struct Level {
    halve: Stage,
    score: Stage,
    slopes: Stage,
    backward: Vec<Stage>,
}

impl Pyramid<'_> {
    /// For each level, how many workgroups score the windows of a plane.
    fn sums(&self) -> Vec<usize> {
        self.levels.iter().map(|level| level.map.height.div_ceil(TILE) * level.across(self.rounds)).collect()
    }

    /// How many pixels a plane has in all levels after the first, which is the operands.
    fn pixels(&self) -> usize {
        self.levels[1..].iter().map(|level| level.pictures.height * level.pictures.width).sum()
    }

    /// How many planes are taken at a time, how many windows a band may have, and the scratch memory for both.
    fn memory(&self) -> Result<(usize, u64, Vec<Scratch>)> {
        let (request, first) = (self.request, &self.levels[0]);
        let wants = !request.wanted.is_empty();
        let (pixels, sums, levels) =
            (self.pixels() as u64, self.sums().iter().sum::<usize>() as u64, self.levels.len());
        let scratch = |planes: u64| {
            let gradients = if wants { pixels } else { 0 };
            let all = [("level_pixels", pixels), ("level_gradients", gradients), ("level_sums", sums)];
            let all = all.into_iter().chain([("level_slopes", levels as u64)]).filter(|(_, elements)| *elements > 0);
            all.map(|(name, elements)| Scratch::new(name, planes * elements)).collect::<Vec<_>>()
        };
        let bytes = |planes: u64| scratch(planes).iter().map(|scratch| scratch.bytes).sum::<u64>();
        let longest = |planes: u64| scratch(planes).iter().map(|scratch| scratch.bytes).max().unwrap_or(0);
        let beside = beside(first.pictures.planes());
        // half of the memory for levels, half for windows
        let bound = request.workspace_bound.saturating_sub(beside) / 2;
        let plane = (first.pictures.height * first.pictures.width) as u64;
        let fitting = [bound / bytes(1), room(request) / longest(1), most_elements(request).min(SLICE / 4) / plane];
        let fitting = fitting.into_iter().min().unwrap_or(1).max(1);
        let together = usize::try_from(fitting).unwrap_or(usize::MAX).min(first.pictures.planes());
        let (needed, limit) = (longest(together as u64), request.target.binding_limit);
        if needed > limit {
            return Err(Error::TooLarge {
                what: "bytes of a binding, for the levels of a plane".into(),
                needed,
                limit,
            });
        }
        let mut scratch = scratch(together as u64);
        let beside = beside + bytes(together as u64);
        if !wants {
            refuse_more(request, beside, 0)?;
            return Ok((together, SLICE / 4, scratch));
        }
        let most = held(request, beside);
        let mut held = 0;
        for planes in self.groups(together) {
            for level in &self.levels {
                let bands = level.bands(request, planes.clone(), most)?;
                held = bands.iter().map(|band| band.held).fold(held, u64::max);
            }
        }
        refuse_more(request, beside, held)?;
        scratch.extend(["window_slopes", "window_means"].map(|name| Scratch::new(name, held)));
        Ok((together, most, scratch))
    }

    /// The groups of planes that are taken at a time, of at most `together` planes: the planes of whole items, or some of
    /// one item, since the pixels of an item's planes may be interleaved.
    fn groups(&self, together: usize) -> Vec<Range<usize>> {
        let Pictures { n, c, .. } = self.levels[0].pictures;
        let (run, step) = match together / c {
            0 => (c, together),
            items => (n * c, items * c),
        };
        let runs = (0..n * c).step_by(run);
        runs.flat_map(|run_start| {
            let end = run_start + run;
            (run_start..end).step_by(step).map(move |first| first..(first + step).min(end))
        })
        .collect()
    }

    /// Adds all stages: groups of at most `together` planes, in bands of at most `held` windows.
    fn stages(&self, together: usize, held: u64, stages: &mut Vec<Stage>) -> Result<()> {
        let (levels, product) = (self.kernels(), self.product());
        let (sums, planes) = (self.sums(), self.levels[0].pictures.planes());
        for group in self.groups(together) {
            let first = group.start;
            let blocks: Vec<Block> =
                (0..levels.len()).map(|level| self.block(level, &group, together, &sums)).collect();
            for (place, stage) in levels[..levels.len() - 1].iter().enumerate() {
                self.halve(&stage.halve, place, blocks[place], group.clone(), stages)?;
            }
            let all = |place: usize| planes * self.levels[place].map.height.div_ceil(TILE);
            for (place, (level, of)) in levels.iter().zip(&self.levels).enumerate() {
                for band in of.bands(self.request, group.clone(), SLICE / 4)? {
                    let (across, elements) = (of.across(self.rounds), band.elements.as_ref());
                    stages.push(slice(&level.score, blocks[place], &band.windows, all(place), across, elements));
                }
            }
            let of_group = Block {
                own_first: of_block(first),
                own_end: of_block(group.end),
                steps: of_block(levels.len()),
                ..blocks[0]
            };
            stages.push(product.slice(of_group, first as u64..group.end as u64, planes as u64));
            if self.request.wanted.is_empty() {
                continue;
            }
            for (place, (level, of)) in levels.iter().zip(&self.levels).enumerate().rev() {
                for Band { pixels, windows, first_line, elements, .. } in of.bands(self.request, group.clone(), held)? {
                    let block = Block { other_base: of_block(first_line), ..blocks[place] };
                    let (across, elements) = (of.across(self.rounds), elements.as_ref());
                    stages.push(slice(&level.slopes, block, &windows, all(place), across, elements));
                    let Pictures { height, width, .. } = of.pictures;
                    let (tiles, across) = (planes * height.div_ceil(TILE), width.div_ceil(TILE));
                    let backward = level.backward.iter();
                    stages.extend(backward.map(|stage| slice(stage, block, &pixels, tiles, across, elements)));
                }
            }
        }
        Ok(())
    }

    /// The block of a level. It says where plane 0 would begin in each memory that holds the levels of this group of planes.
    fn block(&self, level: usize, group: &Range<usize>, together: usize, sums: &[usize]) -> Block {
        let size = |level: usize| self.levels[level].pictures.height * self.levels[level].pictures.width;
        // the first level is the operands
        let begins = |level: usize| match level {
            0 => 0,
            // the last level has no next one
            level if level == self.levels.len() => 0,
            level => wrapping_difference(together * (1..level).map(size).sum::<usize>(), group.start * size(level)),
        };
        Block {
            own_base: begins(level),
            other_from: begins(level + 1),
            first_sum: wrapping_difference(
                group.len() * sums[..level].iter().sum::<usize>(),
                group.start * sums[level],
            ),
            first_row_sum: wrapping_difference(group.len() * level, group.start),
            ..block_of(&self.levels[level].pictures)
        }
    }

    /// The kernels of all levels.
    fn kernels(&self) -> Vec<Level> {
        let steps = self.levels[0].steps;
        (0..self.levels.len())
            .map(|level| {
                let last = level + 1 == self.levels.len();
                let score = |slopes| {
                    let scoring = |slots: Slots| {
                        slots.with(slot::WINDOW_TERMS, window_terms::MOMENTS).with(slot::WINDOW_SLOPES, slopes)
                    };
                    let stage = self.reading(level, geometry::LEVELS_SCORE, scoring, |choices| {
                        choices.flag(choice::EQUAL_MEANS, !last)
                    });
                    stage.looping(self.rounds * steps)
                };
                Level {
                    halve: self.reading(level, geometry::LEVELS_HALVE, |slots| slots, |choices| choices),
                    score: score(window_slopes::NOWHERE),
                    slopes: score(window_slopes::HELD),
                    backward: self.backward(level).into_iter().map(|stage| stage.looping(steps)).collect(),
                }
            })
            .collect()
    }

    /// A kernel that reads the pictures of a level.
    fn reading(
        &self,
        level: usize,
        entry: Shader,
        fill: impl Fn(Slots) -> Slots,
        choose: impl Fn(Choices) -> Choices,
    ) -> Stage {
        let mut slots =
            fill(slots(self.request)).with(slot::LOSSES, values::NOWHERE).with(slot::APART, apart::PICTURES);
        let mut choices = choose(overrides(self.request.loss()));
        if level > 0 {
            of_level(&mut slots, &mut choices);
        }
        let stage = Stage::new(entry, slots, choices, 0);
        if level > 0 { stage } else { stage.reading(&operands(self.request)) }
    }

    /// The kernels that write the gradients of a level: one, unless two gradients go to one output.
    fn backward(&self, level: usize) -> Vec<Stage> {
        let last = level + 1 == self.levels.len();
        let coarser = if last { coarser_gradient::NONE } else { coarser_gradient::QUARTER };
        let scoring =
            |slots: Slots| slots.with(slot::WINDOW_TERMS, window_terms::SLOPES).with(slot::COARSER_GRADIENT, coarser);
        let held = |slots: Slots| scoring(slots).with(slot::LEVEL_GRADIENT, level_gradient::HELD);
        if level > 0 {
            return vec![self.reading(level, geometry::LEVELS_BACKWARD, held, |choices| choices)];
        }
        let operands = operands(self.request);
        dispatches_for_gradients(self.request.wanted, |_, gradients| {
            let mut slots = scoring(slots(self.request))
                .with(slot::LEVEL_GRADIENT, level_gradient::OPERANDS)
                .with(slot::APART, apart::PICTURES);
            let mut choices = overrides(self.request.loss());
            let bound = bind(&mut slots, &mut choices, &operands, gradients);
            Stage::new(geometry::LEVELS_BACKWARD, slots, choices, 0).reading(&operands).writing(bound)
        })
    }

    /// The kernel that computes the losses of planes, and the slopes of their levels.
    fn product(&self) -> Stage {
        let mut slots = slots(self.request);
        slots.fill_x(1, x::WORDS);
        let merged: usize = self.sums().iter().map(|sums| sums.div_ceil(256)).sum();
        Stage::new(geometry::LEVELS_PRODUCT, slots, Choices::default(), 0).looping(merged)
    }

    /// Adds the dispatches that make the next level after `level`. They go through lines of tiles of the next level.
    fn halve(
        &self,
        stage: &Stage,
        level: usize,
        block: Block,
        group: Range<usize>,
        stages: &mut Vec<Stage>,
    ) -> Result<()> {
        let (of, next) = (&self.levels[level], &self.levels[level + 1].pictures);
        let (down, across) = (next.height.div_ceil(TILE), next.width.div_ceil(TILE));
        let all = next.planes() * down;
        let height = of.pictures.height;
        let length = |elements: Range<u64>| elements.end - elements.start;
        let most = if level > 0 { u64::MAX } else { most_elements(self.request).min(SLICE / 4) };
        // the planes of a dispatch, or the lines of tiles of one plane
        let mut cuts = vec![(group.clone(), 0..down)];
        if length(of.elements(group.clone(), 0..height)) > most {
            let tile = (2 * TILE * of.pictures.row()) as u64;
            let lines = usize::try_from((most / tile).saturating_sub(1)).unwrap_or(usize::MAX).clamp(1, down);
            let starts = group.flat_map(|plane| (0..down).step_by(lines).map(move |line| (plane, line)));
            cuts = starts.map(|(plane, line)| (plane..plane + 1, line..(line + lines).min(down))).collect();
        }
        for (planes, lines) in cuts {
            // the first line of a tile may be a mean that includes the line before the tile
            let read = (2 * TILE * lines.start).saturating_sub(1)..(2 * TILE * lines.end).min(height);
            let elements = of.bound(self.request, of.elements(planes.clone(), read))?;
            let groups = planes.start * down + lines.start..(planes.end - 1) * down + lines.end;
            stages.push(slice(stage, block, &groups, all, across, elements.as_ref()));
        }
        Ok(())
    }
}

/// `begin` − `earlier` in 32 bits, which wraps as in kernels.
fn wrapping_difference(begin: usize, earlier: usize) -> u32 {
    (begin as u32).wrapping_sub(earlier as u32)
}

/// Fills the slots of two pictures with a level that lies in scratch memory.
fn of_level(slots: &mut Slots, choices: &mut Choices) {
    slots.fill(slot::APART, apart::LEVEL);
    for k in 0..2 {
        slots.fill_x(k, x::LEVEL);
        choices.add(format!("X{k}_SECOND"), k as f64);
    }
}
