//! Plans a walk over windows of pictures: scores of windows, then gradients, band by band of rows.
//!
//! Gradients are sums over the windows that a pixel belongs to. A dispatch leaves the slopes of a band's windows in scratch
//! memory, and another sums them up. A band computes again the windows that reach into it from the band before. Tiles of
//! windows lie alike in all bands, so that bands change no bit.

use super::blocks::MULTIPLIED;
use super::neighbours::{count, losses};
use super::ranges::{bytes_of_a_binding, most_elements};
use super::request::{Request, WalkLoss, overrides, slots};
use super::scratch::{MOST_TALLIES, Scratch, TALLY_BYTES, WORKSPACE_HEAD, scratch_bytes};
use super::spans::Spans;
use super::split::{SLICE, room};
use super::stage::{Stage, block_of, of_block, walks};
use super::tiles::{BESIDE, WORKSPACE};
use super::totals::scale;
use super::walk::{Sizes, Walk};
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::window_terms;
use crate::gpu::shaders::operand::{dx, losses as values, x};
use crate::gpu::shaders::scratch::window_slopes;
use crate::gpu::shaders::{geometry, slot};
use crate::leaf::Windows;
use crate::role::Role;
use crate::shape::Pictures;
use std::ops::Range;

/// The sides of a tile of windows, or of pixels.
const TILE: usize = 16;
/// The widest window: its weights lie in 256 numbers of a workgroup's memory.
const WIDEST: usize = 255;
/// The longest row and column of a picture, which kernels count in signed numbers.
const LONGEST: u64 = 1 << 30;
/// The bytes of slopes that are held at a time, unless the workspace bound asks for fewer.
const HELD: u64 = 64 << 20;
/// The most iterations of a workgroup that goes through several tiles.
const STEPS: usize = 8192;

pub(super) fn plan(request: &Request<'_>, pictures: Pictures, leaf: &dyn Windows) -> Result<Walk> {
    let settings = leaf.settings();
    let (size, margin) = (settings.size, settings.margin());
    let map = pictures.windows(size, margin);
    for (what, needed, limit) in [
        ("pixels of a window's side", size as u64, WIDEST as u64),
        ("pixels of a picture's side", pictures.width.max(pictures.height) as u64, LONGEST),
    ] {
        if needed > limit {
            return Err(Error::TooLarge { what: what.into(), needed, limit });
        }
    }
    // for each sixteen lines a window's columns, and then these lines
    let steps = (size + 2 * TILE - 2) / TILE * (size + TILE);
    let lines = map.planes() * map.height.div_ceil(TILE);
    let mut rounds = 1;
    while (lines * map.width.div_ceil(TILE * rounds)) as u64 > MOST_TALLIES / 2 && 2 * rounds * steps <= STEPS {
        rounds *= 2;
    }
    let across = map.width.div_ceil(TILE * rounds);
    let chunks = map.c * map.height.div_ceil(TILE) * across;
    let sizes =
        Sizes { per_item: map.per_item(), chunks, rounds, tallies: lines * across, ..Sizes::of_pictures(pictures) };
    let sizes = Sizes { window: size, margin, ..sizes };
    if pictures.n == 0 {
        return Ok(Walk { sizes, ..Walk::default() });
    }
    let bands = bands(request, &Windowing { pictures, map, size, margin, steps }, sizes.tallies)?;
    let held = bands.iter().map(|band| band.held).max().unwrap_or(0);
    let scratch = match request.wanted.is_empty() {
        true => Vec::new(),
        false => ["window_slopes", "window_means"].map(|name| Scratch::new(name, held)).into(),
    };
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some(count(request, pictures.n)));
    let sizes = Sizes { counted, ..sizes };
    let (score, backward) = (score(request).looping(rounds * steps), backward(request, steps));
    for band in bands {
        let block = Block { other_base: of_block(band.first_line), ..block_of(&pictures) };
        let slice = |stage: &Stage, lines: &Range<usize>, all: usize, across: usize| {
            let groups = (lines.start * across) as u64..(lines.end * across) as u64;
            let mut stage = stage.slice(block, groups, (all * across) as u64);
            let bound: Vec<&str> = stage.recipe.bindings().iter().map(|binding| binding.name).collect();
            let operands = ["x0", "x1", "dx0", "dx1"].into_iter().filter(|name| bound.contains(name));
            stage.windows = operands.filter_map(|name| Some((name, band.elements.clone()?))).collect();
            stage
        };
        stages.push(slice(&score, &band.windows, lines, across));
        let all = pictures.planes() * pictures.height.div_ceil(TILE);
        stages.extend(backward.iter().map(|stage| slice(stage, &band.pixels, all, pictures.width.div_ceil(TILE))));
    }
    if request.unreduced() {
        stages.push(losses(request, pictures.n, chunks));
    }
    Ok(Walk { sizes, stages, scratch, spans: Spans::Whole })
}

/// The two operands of the bindings `x0` and `x1`.
fn operands(request: &Request<'_>) -> Vec<(&'static str, &'static str)> {
    let specs = request.loss().header().operands.iter().filter(|spec| spec.role == Role::Pictures);
    ["x0", "x1"].into_iter().zip(specs.map(|spec| spec.name)).collect()
}

/// The kernel that scores windows, and leaves their slopes where gradients are wanted.
fn score(request: &Request<'_>) -> Stage {
    let held = if request.wanted.is_empty() { window_slopes::NOWHERE } else { window_slopes::HELD };
    let mut slots = slots(request)
        .with(slot::WINDOW_TERMS, window_terms::MOMENTS)
        .with(slot::WINDOW_SLOPES, held)
        .with(slot::LOSSES, values::NOWHERE);
    (0..2).for_each(|k| slots.fill_x(k, x::WORDS));
    Stage::new(geometry::WINDOWS_SCORE, slots, overrides(request.loss()), 0).reading(&operands(request))
}

/// The kernels that write all gradients: one, unless two gradients go to one output.
fn backward(request: &Request<'_>, steps: usize) -> Vec<Stage> {
    if request.wanted.is_empty() {
        return Vec::new();
    }
    let operands = operands(request);
    let stages = walks(request.wanted, |_, gradients| {
        let mut slots = slots(request).with(slot::WINDOW_TERMS, window_terms::SLOPES);
        let (mut choices, mut bound) = (overrides(request.loss()), Vec::new());
        for (k, (_, operand)) in operands.iter().enumerate() {
            slots.fill_x(k, x::WORDS);
            let wanted = gradients.iter().find(|wanted| wanted.operand == *operand);
            slots.fill_dx(k, if wanted.is_some() { dx::WORDS } else { dx::NOWHERE });
            if let Some(wanted) = wanted {
                bound.push((format!("dx{k}"), wanted.output));
                choices.add(format!("DX{k}_ADD"), f64::from(u8::from(wanted.add)));
            }
        }
        Stage::new(geometry::WINDOWS_BACKWARD, slots, choices, 0).reading(&operands).writing(bound)
    });
    stages.into_iter().map(|stage| stage.looping(steps)).collect()
}

/// Pictures and their windows.
struct Windowing {
    pictures: Pictures,
    map: Pictures,
    size: usize,
    margin: usize,
    /// The loop iterations of a tile.
    steps: usize,
}

/// The band that is walked at a time: whole planes, or some lines of one.
struct Band {
    /// Lines of tiles, counted through all planes: of pixels whose gradients are written, and of the windows that these pixels
    /// belong to.
    pixels: Range<usize>,
    windows: Range<usize>,
    /// The first line of windows, counted through all planes, and how many windows there are.
    first_line: usize,
    held: u64,
    /// The elements to bind, where a binding has no room for all.
    elements: Option<Range<u64>>,
}

impl Windowing {
    /// The elements from the first to the last of these lines, in these planes.
    fn elements(&self, planes: Range<usize>, lines: Range<usize>) -> Range<u64> {
        let of = &self.pictures;
        let last = planes.end - 1;
        // planes that lie between each other are bound together
        let first = if of.step == 1 { [planes.start, last] } else { [planes.start, last].map(|k| k / of.c * of.c) };
        let [first, end] = first.map(|plane| of.element(plane, 0, 0));
        (first + lines.start * of.row()) as u64..(end + lines.end * of.row()) as u64
    }

    /// A band of the lines of pixels `lines` of these planes, whose tiles are whole.
    fn band(&self, planes: Range<usize>, lines: Range<usize>) -> Band {
        let (tall, map) = (self.pictures.height, self.map.height);
        let first = (lines.start + self.margin).saturating_sub(self.size - 1).min(map) / TILE;
        let end = (lines.end + self.margin).min(map).div_ceil(TILE);
        let of = |plane: usize, lines: usize, all: usize| plane * all.div_ceil(TILE) + lines;
        let last = planes.end - 1;
        let first_line = planes.start * map + first * TILE;
        let end_line = last * map + (end * TILE).min(map);
        // windows need the pixels of their lines, and gradients are of some of these
        let from = (first * TILE).saturating_sub(self.margin).min(lines.start);
        let to = (end * TILE + self.size).saturating_sub(self.margin).max(lines.end).min(tall);
        Band {
            pixels: of(planes.start, lines.start / TILE, tall)..of(last, lines.end.div_ceil(TILE), tall),
            windows: of(planes.start, first, map)..of(last, end, map),
            first_line,
            held: ((end_line - first_line) * self.map.width) as u64,
            elements: Some(self.elements(planes, from..to)),
        }
    }
}

/// The bands of a walk, as large as memory, bindings and the time of a dispatch allow.
fn bands(request: &Request<'_>, of: &Windowing, tallies: usize) -> Result<Vec<Band>> {
    let Pictures { height, width, .. } = of.pictures;
    let most = if request.wanted.is_empty() { SLICE / 4 } else { held(request, tallies) };
    let most = most.min(MULTIPLIED / (4 * of.steps as u64));
    // the elements of a line, and of a plane, in memory or in the map
    let line = of.pictures.row().max(of.map.width) as u64;
    let plane = (height.max(of.map.height) * width.max(of.map.width)) as u64;
    let room = most_elements(request).min(most);
    let all = of.pictures.planes();
    // planes that lie between each other are bound together
    let together = if of.pictures.step == 1 { 1 } else { of.pictures.c };
    let some = usize::try_from(room / (plane * together as u64)).unwrap_or(usize::MAX).saturating_mul(together);
    let mut bands: Vec<Band> = match some {
        // lines of one plane, as many as there is room for beside the windows that reach into them
        0 => {
            let in_binding = (most_elements(request) / line).saturating_sub(of.size as u64);
            let lines = usize::try_from(in_binding.min(most / of.map.width.max(width) as u64)).unwrap_or(usize::MAX);
            let reaching = (of.size - 1).next_multiple_of(TILE) + if of.margin > 0 { TILE } else { 0 };
            let lines = lines.saturating_sub(reaching).max(TILE) / TILE * TILE;
            let starts = (0..all).flat_map(|plane| (0..height).step_by(lines).map(move |line| (plane, line)));
            starts.map(|(plane, line)| of.band(plane..plane + 1, line..(line + lines).min(height))).collect()
        }
        some => {
            (0..all).step_by(some).map(|first| of.band(first..first.saturating_add(some).min(all), 0..height)).collect()
        }
    };
    for band in &mut bands {
        let (elements, limit) = (band.elements.take().unwrap_or_default(), most_elements(request));
        if (of.pictures.n * of.pictures.per_item()) as u64 <= limit {
            continue;
        }
        let needed = elements.end - elements.start;
        if needed > limit {
            let what = "bytes of a binding, for a line of tiles".into();
            let (needed, limit) = (bytes_of_a_binding(request, needed), request.target.binding_limit);
            return Err(Error::TooLarge { what, needed, limit });
        }
        band.elements = Some(elements);
    }
    let held = bands.iter().map(|band| band.held).max().filter(|_| !request.wanted.is_empty());
    refuse_more(request, tallies, held.unwrap_or(0))?;
    Ok(bands)
}

/// The bytes that a window's slopes take.
fn per_window() -> u64 {
    ["window_slopes", "window_means"].map(scratch_bytes).iter().sum()
}

/// How many windows' slopes are held at a time.
fn held(request: &Request<'_>, tallies: usize) -> u64 {
    let beside = WORKSPACE_HEAD + TALLY_BYTES * tallies as u64 + BESIDE;
    let bytes = HELD.min(request.workspace_bound.saturating_sub(beside));
    (bytes / per_window()).min(room(request) / scratch_bytes("window_slopes"))
}

/// Refuses slopes of a line of tiles that do not fit the workspace or a binding.
fn refuse_more(request: &Request<'_>, tallies: usize, held: u64) -> Result<()> {
    let needed = held * per_window() + WORKSPACE_HEAD + TALLY_BYTES * tallies as u64 + BESIDE;
    if needed > request.workspace_bound {
        let limit = request.workspace_bound;
        return Err(Error::TooLarge { what: WORKSPACE.into(), needed, limit });
    }
    let (needed, limit) = (held * scratch_bytes("window_slopes"), request.target.binding_limit);
    let what = "bytes of a binding, for a line of tiles".into();
    if needed > limit { Err(Error::TooLarge { what, needed, limit }) } else { Ok(()) }
}
