//! Plans a walk over windows of pictures: scores of windows, then gradients, band by band of rows.
//!
//! The gradient of a pixel is a sum over the windows that the pixel belongs to. One dispatch leaves the slopes of a
//! band's windows in scratch memory, and another sums them up. A band computes again the windows that reach into it from
//! the band before. The windows of a tile do not depend on the bands, so bands change no bit.

use super::bands::{TILE, Windowing, beside, held, operands, refuse_more, refuse_wide, slice};
use super::neighbours::{count, losses};
use super::options::overrides;
use super::request::{Request, WalkLoss};
use super::scratch::{MOST_TALLIES, Scratch};
use super::slots::slots;
use super::spans::Spans;
use super::split::SLICE;
use super::stage::{Stage, Wanted, block_of, dispatches_for_gradients, of_block};
use super::totals::scale;
use super::walk::{Sizes, Walk};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{apart, window_terms};
use crate::gpu::shaders::operand::{dx, losses as values, x};
use crate::gpu::shaders::scratch::window_slopes;
use crate::gpu::shaders::{geometry, slot};
use crate::leaf::Windows;
use crate::shape::Pictures;

pub(super) fn plan(request: &Request<'_>, pictures: Pictures, leaf: &dyn Windows) -> Result<Walk> {
    let settings = leaf.settings();
    refuse_wide(&settings, &pictures)?;
    let of = Windowing::of_operands(request, &settings, pictures);
    let (map, steps) = (of.map, of.steps);
    let lines = map.planes() * map.height.div_ceil(TILE);
    let rounds = of.rounds(lines, MOST_TALLIES / 2);
    let across = of.across(rounds);
    let chunks = map.c * map.height.div_ceil(TILE) * across;
    let sizes =
        Sizes { per_item: map.per_item(), chunks, rounds, tallies: lines * across, ..Sizes::of_pictures(pictures) };
    let sizes = Sizes { window: settings.size, margin: settings.margin(), ..sizes };
    if pictures.n == 0 {
        return Ok(Walk { sizes, ..Walk::default() });
    }
    let wants = !request.wanted.is_empty();
    let most = if wants { held(request, beside(sizes.tallies)) } else { SLICE / 4 };
    let bands = of.bands(request, 0..pictures.planes(), most)?;
    let held = bands.iter().map(|band| band.held).max().unwrap_or(0);
    refuse_more(request, beside(sizes.tallies), if wants { held } else { 0 })?;
    let scratch = match wants {
        true => ["window_slopes", "window_means"].map(|name| Scratch::new(name, held)).into(),
        false => Vec::new(),
    };
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some(count(request, pictures.n)));
    let sizes = Sizes { counted, ..sizes };
    let (score, backward) = (score(request).looping(rounds * steps), backward(request, steps));
    for band in bands {
        let block = Block { other_base: of_block(band.first_line), ..block_of(&pictures) };
        let elements = band.elements.as_ref();
        stages.push(slice(&score, block, &band.windows, lines, across, elements));
        let all = pictures.planes() * pictures.height.div_ceil(TILE);
        let across = pictures.width.div_ceil(TILE);
        stages.extend(backward.iter().map(|stage| slice(stage, block, &band.pixels, all, across, elements)));
    }
    if request.unreduced() {
        stages.push(losses(request, pictures.n, chunks));
    }
    Ok(Walk { sizes, stages, scratch, spans: Spans::Whole })
}

/// The kernel that scores windows, and leaves their slopes where gradients are wanted.
fn score(request: &Request<'_>) -> Stage {
    let held = if request.wanted.is_empty() { window_slopes::NOWHERE } else { window_slopes::HELD };
    let mut slots = slots(request)
        .with(slot::WINDOW_TERMS, window_terms::MOMENTS)
        .with(slot::WINDOW_SLOPES, held)
        .with(slot::APART, apart::PICTURES)
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
    let stages = dispatches_for_gradients(request.wanted, |_, gradients| {
        let mut slots =
            slots(request).with(slot::WINDOW_TERMS, window_terms::SLOPES).with(slot::APART, apart::PICTURES);
        let mut choices = overrides(request.loss());
        let bound = bind(&mut slots, &mut choices, &operands, gradients);
        Stage::new(geometry::WINDOWS_BACKWARD, slots, choices, 0).reading(&operands).writing(bound)
    });
    stages.into_iter().map(|stage| stage.looping(steps)).collect()
}

/// Fills the slots of two pictures and their gradients. Returns each gradient's binding with its output.
pub(super) fn bind(
    slots: &mut Slots,
    choices: &mut Choices,
    operands: &[(&'static str, &'static str)],
    gradients: &[Wanted],
) -> Vec<(String, usize)> {
    let mut bound = Vec::new();
    for (k, (_, operand)) in operands.iter().enumerate() {
        slots.fill_x(k, x::WORDS);
        let wanted = gradients.iter().find(|wanted| wanted.operand == *operand);
        slots.fill_dx(k, if wanted.is_some() { dx::WORDS } else { dx::NOWHERE });
        if let Some(wanted) = wanted {
            bound.push((format!("dx{k}"), wanted.output));
            choices.add(format!("DX{k}_ADD"), f64::from(u8::from(wanted.add)));
        }
    }
    bound
}
