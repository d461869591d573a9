//! How a walk over elements is cut.

use super::split::{PER_ROW, Spans, Values};
use super::{Joint, Plan, Request, Stage, Wanted, bind_gradients, narrow, overrides, scale_first, walks};
use crate::gpu::kernel::is_own;
use crate::leaf::Leaf;
use crate::role::Role;

/// The elements of a tile are at least and at most so many; between, there are about as many tiles as this on a GPU.
const TILE: std::ops::RangeInclusive<usize> = 4096..=1 << 18;
const TILES: usize = 1024;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, items: usize, per_item: usize) {
    let total = items * per_item;
    let by_item = request.player(Role::Index).is_some();
    let chunk = (total / request.workgroups(TILES)).next_power_of_two().clamp(*TILE.start(), *TILE.end());
    // no lane is left without anything of an item
    let chunk = chunk.min(per_item.min(*TILE.end()).next_power_of_two().max(*TILE.start()));
    let chunks = per_item.div_ceil(chunk).max(1);
    let tiles = if by_item { items * chunks } else { total.div_ceil(chunk) } as u64;
    let lookups = if by_item { items.div_ceil(256) as u64 } else { 0 };
    let params = &mut plan.params;
    (params.items, params.per_item) = (narrow(items as u64), narrow(per_item as u64));
    (params.chunk, params.chunks) = (narrow(chunk as u64), narrow(chunks as u64));
    params.first_tally = narrow(tiles);
    params.columns = narrow(request.part.columns() as u64);
    plan.tally(tiles + lookups);
    plan.longest_loop = plan.longest_loop.max(chunk as u64 / 256);
    plan.columns = request.columns().map(<[f32]>::to_vec);
    if by_item {
        plan.hold("items", items as u64);
    }
    plan.spans = spans(request, by_item);
    if tiles == 0 {
        return;
    }
    if by_item {
        plan.stages.push(lookup(request, lookups));
    }
    scale_first(request, plan, count(request, tiles).through(Values::Each(chunk as u64)), narrow(chunk as u64), tiles);

    let values = Values::OfItems { per_item, chunk, chunks };
    // a tile begins at a multiple of four, unless items do not; boxes are quads themselves
    let boxes = matches!(request.loss().leaf(), Leaf::Boxes(_));
    let quads = boxes || !by_item || per_item.is_multiple_of(4);
    plan.stages.extend(walks(request.wanted, |first, gradients| {
        walk(request, tiles, first, gradients, quads).in_quads(quads).through(values)
    }));
    if by_item && request.unreduced() {
        let mut joint =
            Joint::new(&["lib/component", "lib/params", "lib/math", "lib/tally", "lib/workspace", "dtype/float"]);
        joint.files(&["operand/losses", "geometry/items_losses"]);
        plan.longest_loop = plan.longest_loop.max(chunks as u64);
        plan.stages.push(joint.stage("items_losses", Vec::new(), items.div_ceil(256) as u64));
    }
}

/// Which elements of the operands belong to a value: one, the four of a box, or its row's or column's number.
fn spans(request: &Request<'_>, by_item: bool) -> Spans {
    let boxes = matches!(request.loss().leaf(), Leaf::Boxes(_));
    let mut components = [0; 4];
    for (component, spec) in components.iter_mut().zip(request.loss().header().components()) {
        *component = match spec.role {
            Role::Element if boxes => 4,
            Role::Element => 1,
            Role::Row => PER_ROW,
            _ => 0,
        };
    }
    Spans::Elements { components, columns: request.part.columns().max(1) as u64, by_item }
}

/// The walk: the first dispatch counts and emits, every one writes the gradients it is given.
fn walk(request: &Request<'_>, tiles: u64, first: bool, gradients: &[Wanted], quads: bool) -> Stage {
    let header = request.loss().header();
    let by_item = request.player(Role::Index).is_some();
    let boxes = matches!(request.loss().leaf(), Leaf::Boxes(_));
    let mut joint =
        Joint::new(&["lib/component", "lib/params", "lib/math", "lib/tally", "lib/workspace", "dtype/float"]);
    let mut overrides = overrides(request.loss());
    components(request, &mut joint, &mut overrides, quads);
    joint.optional("weight", request.player(Role::Weight).is_some());
    joint.optional("mask", request.player(Role::Mask).is_some());
    joint.optional("upstream", request.upstream_tensor());
    joint.optional("losses", first && request.unreduced() && !by_item);
    joint.optional("items", by_item);
    overrides.extend([("BY_ITEM".into(), f64::from(u8::from(by_item))), ("COUNTS".into(), f64::from(u8::from(first)))]);
    overrides.push(request.team());
    overrides.push(("FOREIGN_LEAF".into(), f64::from(u8::from(!is_own(&header.shader)))));
    let bound = bind_gradients(&mut joint, &mut overrides, header, gradients);
    joint.files(&["geometry/element", "geometry/cells"]);
    joint.sources.push(header.shader);
    joint.files(&[if boxes { "geometry/boxes" } else { "geometry/scalars" }, "geometry/elements"]);
    joint.stage("elements", overrides, tiles).writing(bound)
}

/// The operands that the leaf sees, and the numbers of the loss's own behind them.
fn components(request: &Request<'_>, joint: &mut Joint, overrides: &mut Vec<(String, f64)>, quads: bool) {
    // of a quad of elements, four columns that follow each other
    let uncut = quads && request.part.columns().is_multiple_of(4);
    let specs: Vec<_> = request.loss().header().components().collect();
    for k in 0..4 {
        let spec = specs.get(k);
        let given = spec
            .map_or(k == specs.len() && request.columns().is_some(), |spec| request.part.operand(spec.name).is_some());
        joint.optional(&format!("x{k}"), given);
        let place = match spec.map(|spec| spec.role) {
            Some(Role::Element) => 0.0,
            Some(Role::Row) => 1.0,
            _ if uncut => 3.0,
            _ => 2.0,
        };
        overrides.push((format!("X{k}_PLACE"), if given { place } else { 0.0 }));
        overrides.push((format!("X{k}_ABSENT"), spec.map_or(0.0, |spec| spec.absent.into())));
    }
}

/// The denominator of a mean over values that have a weight or a mask.
pub(super) fn count(request: &Request<'_>, tiles: u64) -> Stage {
    let mut joint = Joint::new(&["lib/component", "lib/params", "lib/tally", "lib/workspace", "dtype/float"]);
    joint.optional("weight", request.player(Role::Weight).is_some());
    joint.optional("mask", request.player(Role::Mask).is_some());
    joint.files(&["geometry/elements_count"]);
    joint.stage("elements_count", Vec::new(), tiles)
}

fn lookup(request: &Request<'_>, groups: u64) -> Stage {
    let mut joint = Joint::new(&[
        "lib/component",
        "lib/params",
        "lib/math",
        "lib/tally",
        "lib/workspace",
        "lib/label",
        "dtype/float",
    ]);
    joint.files(&["operand/labels", "operand/table", "geometry/element"]);
    joint.sources.push(request.loss().header().shader);
    joint.files(&["geometry/items_lookup"]);
    joint.stage("items_lookup", overrides(request.loss()), groups)
}
