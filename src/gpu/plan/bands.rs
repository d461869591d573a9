//! The bands of a walk over windows: the rows of some planes whose windows are held at a time.

use super::blocks::MULTIPLIED;
use super::ranges::{bytes_of_a_binding, most_elements};
use super::request::Request;
use super::scratch::{TALLY_BYTES, WORKSPACE_HEAD, scratch_bytes};
use super::split::room;
use super::stage::Stage;
use super::tiles::{BESIDE, WORKSPACE};
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::leaf::WindowSettings;
use crate::role::Role;
use crate::shape::Pictures;
use std::ops::Range;

/// How many windows, or pixels, are along each side of a tile.
pub(super) const TILE: usize = 16;
/// The widest window: its weights lie in 256 numbers of a workgroup's memory.
const WIDEST: usize = 255;
/// The longest row and column of a picture, which kernels count in signed numbers.
const LONGEST: u64 = 1 << 30;
/// The bytes of slopes that are held at a time, unless the workspace bound allows fewer.
const HELD: u64 = 64 << 20;
/// The most iterations of a workgroup that goes through several tiles.
const STEPS: usize = 8192;

/// Pictures and their windows.
pub(super) struct Windowing {
    pub pictures: Pictures,
    /// The windows, laid out as pictures with a pixel for each window.
    pub map: Pictures,
    size: usize,
    margin: usize,
    /// The loop iterations of a tile.
    pub steps: usize,
    /// How many elements of the pictures a binding has room for.
    room: u64,
}

/// A band: whole planes, or some lines of one plane.
pub(super) struct Band {
    /// Lines of tiles, counted through all planes: of pixels whose gradients are written, and of the windows that these
    /// pixels belong to.
    pub pixels: Range<usize>,
    pub windows: Range<usize>,
    /// The first line of windows, counted through all planes, and how many windows there are.
    pub first_line: usize,
    pub held: u64,
    /// The elements of the pictures to bind, if a binding has no room for all of them.
    pub elements: Option<Range<u64>>,
}

/// Refuses windows and pictures that kernels can't count.
pub(super) fn refuse_wide(settings: &WindowSettings, pictures: &Pictures) -> Result<()> {
    for (what, needed, limit) in [
        ("pixels of a window's side", settings.size as u64, WIDEST as u64),
        ("pixels of a picture's side", pictures.width.max(pictures.height) as u64, LONGEST),
    ] {
        if needed > limit {
            return Err(Error::TooLarge { what: what.into(), needed, limit });
        }
    }
    Ok(())
}

/// The two operands of the bindings `x0` and `x1`.
pub(super) fn operands(request: &Request<'_>) -> Vec<(&'static str, &'static str)> {
    let specs = request.loss().header().operands.iter().filter(|spec| spec.role == Role::Pictures);
    ["x0", "x1"].into_iter().zip(specs.map(|spec| spec.name)).collect()
}

/// The slice of a stage for the lines of tiles `lines`, of `all`. A line has `across` workgroups. The pictures and their
/// gradients are bound at `elements`, if these are given.
pub(super) fn slice(
    stage: &Stage,
    block: Block,
    lines: &Range<usize>,
    all: usize,
    across: usize,
    elements: Option<&Range<u64>>,
) -> Stage {
    let groups = (lines.start * across) as u64..(lines.end * across) as u64;
    let mut stage = stage.slice(block, groups, (all * across) as u64);
    let bound: Vec<&str> = stage.recipe.bindings().iter().map(|binding| binding.name).collect();
    let operands = ["x0", "x1", "dx0", "dx1"].into_iter().filter(|name| bound.contains(name));
    stage.windows = operands.filter_map(|name| Some((name, elements.cloned()?))).collect();
    stage
}

impl Windowing {
    /// The pictures of operands, with their windows.
    pub fn of_operands(request: &Request<'_>, settings: &WindowSettings, pictures: Pictures) -> Windowing {
        Windowing { room: most_elements(request), ..Windowing::of_scratch(settings, pictures) }
    }

    /// Pictures in scratch memory, which is bound whole, with their windows.
    pub fn of_scratch(settings: &WindowSettings, pictures: Pictures) -> Windowing {
        let (size, margin) = (settings.size, settings.margin());
        // for each 16 lines of a tile's pixels: a loop over the columns of a window, and a loop over these lines
        let steps = (size + 2 * TILE - 2) / TILE * (size + TILE);
        Windowing { pictures, map: pictures.windows(size, margin), size, margin, steps, room: u64::MAX }
    }

    /// How many tiles a workgroup goes through: so many that `lines` lines of tiles have at most `most` workgroups, as
    /// long as loops stay short.
    pub fn rounds(&self, lines: usize, most: u64) -> usize {
        let mut rounds = 1;
        while (lines * self.across(rounds)) as u64 > most && 2 * rounds * self.steps <= STEPS {
            rounds *= 2;
        }
        rounds
    }

    /// The workgroups of a line of tiles of windows, where each goes through `rounds` tiles.
    pub fn across(&self, rounds: usize) -> usize {
        self.map.width.div_ceil(TILE * rounds)
    }

    /// The elements from the first to the last of these lines, in these planes.
    pub fn elements(&self, planes: Range<usize>, lines: Range<usize>) -> Range<u64> {
        let of = &self.pictures;
        let last = planes.end - 1;
        // planes whose pixels are interleaved are bound together
        let first = if of.step == 1 { [planes.start, last] } else { [planes.start, last].map(|k| k / of.c * of.c) };
        let [first, end] = first.map(|plane| of.element(plane, 0, 0));
        (first + lines.start * of.row()) as u64..(end + lines.end * of.row()) as u64
    }

    /// The band of the lines of pixels `lines` of these planes. All of its tiles are whole, except at the end of a plane.
    fn band(&self, planes: Range<usize>, lines: Range<usize>) -> Band {
        let (tall, map) = (self.pictures.height, self.map.height);
        let first = (lines.start + self.margin).saturating_sub(self.size - 1).min(map) / TILE;
        let end = (lines.end + self.margin).min(map).div_ceil(TILE);
        let of = |plane: usize, lines: usize, all: usize| plane * all.div_ceil(TILE) + lines;
        let last = planes.end - 1;
        let first_line = planes.start * map + first * TILE;
        let end_line = last * map + (end * TILE).min(map);
        // windows read the pixels of their lines, and gradients are written for some of these pixels
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

    /// The bands of these planes, each of at most `most` windows or pixels, and as large as bindings and the time of a
    /// dispatch allow.
    pub fn bands(&self, request: &Request<'_>, planes: Range<usize>, most: u64) -> Result<Vec<Band>> {
        let Pictures { height, width, .. } = self.pictures;
        let most = most.min(MULTIPLIED / (4 * self.steps as u64));
        // the elements of a line, and of a plane: those of the pictures or of the map, whichever are more
        let line = self.pictures.row().max(self.map.width) as u64;
        let plane = (height.max(self.map.height) * width.max(self.map.width)) as u64;
        let room = self.room.min(most);
        // planes whose pixels are interleaved are bound together
        let together = if self.pictures.step == 1 { 1 } else { self.pictures.c };
        let some = usize::try_from(room / (plane * together as u64)).unwrap_or(usize::MAX).saturating_mul(together);
        let mut bands: Vec<Band> = match some {
            // lines of one plane: as many as there is room for together with the windows that reach into them
            0 => {
                let in_binding = (self.room / line).saturating_sub(self.size as u64);
                let lines = in_binding.min(most / self.map.width.max(width) as u64);
                let lines = usize::try_from(lines).unwrap_or(usize::MAX);
                let reaching = (self.size - 1).next_multiple_of(TILE) + if self.margin > 0 { TILE } else { 0 };
                let lines = lines.saturating_sub(reaching).max(TILE) / TILE * TILE;
                let starts = planes.flat_map(|plane| (0..height).step_by(lines).map(move |line| (plane, line)));
                starts.map(|(plane, line)| self.band(plane..plane + 1, line..(line + lines).min(height))).collect()
            }
            some => {
                let end = planes.end;
                planes
                    .step_by(some)
                    .map(|first| self.band(first..first.saturating_add(some).min(end), 0..height))
                    .collect()
            }
        };
        for band in &mut bands {
            let elements = band.elements.take().unwrap_or_default();
            band.elements = self.bound(request, elements)?;
        }
        Ok(bands)
    }

    /// Returns `elements` if a binding has no room for all pictures, otherwise `None`. Refuses elements that no binding
    /// has room for.
    pub fn bound(&self, request: &Request<'_>, elements: Range<u64>) -> Result<Option<Range<u64>>> {
        if (self.pictures.n * self.pictures.per_item()) as u64 <= self.room {
            return Ok(None);
        }
        let needed = elements.end - elements.start;
        if needed > self.room {
            let what = "bytes of a binding of pictures, for a line of tiles".into();
            let (needed, limit) = (bytes_of_a_binding(request, needed), request.target.binding_limit);
            return Err(Error::TooLarge { what, needed, limit });
        }
        Ok(Some(elements))
    }
}

/// The bytes of the slopes of one window.
pub(super) fn per_window() -> u64 {
    ["window_slopes", "window_means"].map(scratch_bytes).iter().sum()
}

/// The bytes that a job holds besides the walk's scratch memory: a workspace with these tallies, and [`BESIDE`].
pub(super) fn beside(tallies: usize) -> u64 {
    WORKSPACE_HEAD + TALLY_BYTES * tallies as u64 + BESIDE
}

/// How many windows have their slopes held at a time, if `beside` bytes of the workspace are taken.
pub(super) fn held(request: &Request<'_>, beside: u64) -> u64 {
    let bytes = HELD.min(request.workspace_bound.saturating_sub(beside));
    (bytes / per_window()).min(room(request) / scratch_bytes("window_slopes"))
}

/// Refuses the slopes of `held` windows if they do not fit the workspace together with `beside` bytes, or a binding.
pub(super) fn refuse_more(request: &Request<'_>, beside: u64, held: u64) -> Result<()> {
    let needed = held * per_window() + beside;
    if needed > request.workspace_bound {
        let limit = request.workspace_bound;
        return Err(Error::TooLarge { what: WORKSPACE.into(), needed, limit });
    }
    let (needed, limit) = (held * scratch_bytes("window_slopes"), request.target.binding_limit);
    let what = "bytes of a binding of slopes in scratch memory, for a line of tiles".into();
    if needed > limit { Err(Error::TooLarge { what, needed, limit }) } else { Ok(()) }
}
