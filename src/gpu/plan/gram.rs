//! How the Gram matrices of items are cut: sums over chunks of positions, the losses of pairs of channels, the gradient.

use super::blocks::{SLOPES, WIDEST, WORKGROUPS, iterations};
use super::tiles::{BESIDE, Side, TILE, WORKSPACE, factors, multiplies};
use super::{Joint, Piece, Plan, Request, TALLY_BYTES, WORKSPACE_HEAD, narrow, overrides, scale_first, totals};
use crate::error::{Error, Result};
use crate::role::Role;
use crate::shape::Classes;

/// The most positions of an item, of which 256 lanes share those of a channel.
const MOST_POSITIONS: usize = 256 * 8192;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, classes: Classes) -> Result<()> {
    let Classes { n, c, s, .. } = classes;
    let values = n as u64 * c as u64 * c as u64;
    for (what, needed, limit) in
        [("channels of an item", c as u64, WIDEST as u64), ("positions of an item", s as u64, MOST_POSITIONS as u64)]
    {
        if needed > limit {
            return Err(Error::TooLarge { what: what.into(), needed, limit });
        }
    }
    let tiles = c.div_ceil(TILE);
    // as many chunks as keep a GPU busy, as far as their sums take little memory
    let pairs_of_tiles = (n * tiles) as u64 * tiles as u64;
    let busy = ((s / WORKGROUPS) as u64 * pairs_of_tiles).next_power_of_two();
    let small = (s as u64 * values.div_ceil(SLOPES as u64)).next_power_of_two();
    let chunk = busy.min(small.max(1024)).clamp(1024, WIDEST as u64) as usize;
    let chunks = s.div_ceil(chunk).max(1);
    let rounds = (values as usize / (256 * 4096)).next_power_of_two().min(16);
    let settled = values.div_ceil(256 * rounds as u64);
    let params = &mut plan.params;
    (params.items, params.per_item) = (narrow(n as u64), narrow(s as u64));
    params.classes = narrow(c as u64);
    (params.class_stride, params.position_stride) =
        (narrow(classes.class_stride as u64), narrow(classes.position_stride as u64));
    (params.chunk, params.chunks) = (narrow(chunk as u64), narrow(chunks as u64));
    params.rounds = narrow(rounds as u64);
    plan.tally(settled);
    // a pair of channels is settled together with its turned one
    let longest = iterations(chunk.max(c)).max(4 * rounds * chunks);
    plan.longest_loop = plan.longest_loop.max(longest as u64);
    plan.hold("factors", 2 * (n * c) as u64);
    plan.hold("grams", 2 * chunks as u64 * values);
    plan.hold("gram_slopes", values);
    let held: u64 = plan.scratch.iter().map(|scratch| scratch.bytes).sum();
    let needed = held + WORKSPACE_HEAD + TALLY_BYTES * settled + BESIDE;
    if needed > request.workspace_bound {
        let limit = request.workspace_bound;
        return Err(Error::TooLarge { what: WORKSPACE.into(), needed, limit });
    }
    if values == 0 {
        return Ok(());
    }
    // nothing is counted here; what the caller gives on the GPU may still scale the gradients
    scale_first(request, plan, totals(request, Piece::Only, "geometry/totals_scale", "totals_scale"), 0, 0);

    let mut features = request.loss().header().operands.iter().filter(|spec| spec.role == Role::Channels);
    let mut next = |base| features.next().map(|spec| Side { operand: spec.name, rows: n * c, base, from: 0 });
    let sides: Vec<Side> = [next(0), next(n * c)].into_iter().flatten().collect();
    // where channels lie next to each other, lanes are laid out by them
    let last = f64::from(u8::from(classes.class_stride == 1 && s > 1));
    let quads = s.is_multiple_of(4) && c.is_multiple_of(4);
    let tiles_file = multiplies(request);
    let channels = ("CHANNELS".to_string(), 1.0);
    let joint = |operands: &[&str], files: &[&str]| {
        let mut joint = Joint::new(&["lib/component", "lib/params", "lib/math", "dtype/float", "operand/factors"]);
        joint.files(operands);
        joint.files(files);
        joint
    };
    for side in &sides {
        factors(plan, *side, s, vec![channels.clone()]);
    }
    // what input and target differ by, times the input and times the target
    for (place, side) in sides.iter().enumerate() {
        let files = [
            "geometry/row_elements",
            "geometry/rows_apart",
            "geometry/lane_products",
            tiles_file,
            "geometry/gram_gather",
        ];
        let gather = joint(&["operand/x0", "operand/x1", "operand/x2", "operand/grams"], &files);
        let across = [("OWN_ACROSS".to_string(), last), ("OTHER_ACROSS".into(), last), channels.clone()];
        let gather = gather.stage("gram_gather", across.to_vec(), 0).in_quads(quads);
        let base = narrow(side.base as u64);
        let first_chunk = narrow((place * chunks) as u64);
        let steps = narrow(chunk.min(s).div_ceil(16) as u64);
        let block = super::Block { own_base: 0, other_base: base, first_chunk, steps, ..Default::default() };
        let groups = pairs_of_tiles * chunks as u64;
        let reads = [("x0", sides[0].operand), ("x1", side.operand), ("x2", sides[1].operand)];
        plan.stages.push(gather.reading(&reads).over(block, groups));
    }
    let mut settle =
        joint(&["lib/tally", "lib/workspace", "operand/grams", "operand/gram_slopes", "geometry/element"], &[]);
    settle.optional("upstream", request.upstream_tensor());
    settle.optional("losses", request.unreduced());
    settle.sources.push(request.loss().header().shader);
    settle.files(&["geometry/gram_settle"]);
    plan.stages.push(settle.stage("gram_settle", overrides(request.loss()), settled));
    for wanted in request.wanted.iter().filter(|_| s > 0) {
        let files = ["geometry/row_elements", "geometry/slopes_channels", "geometry/lane_products", tiles_file];
        let mut scatter = joint(&["operand/x1", "operand/gram_slopes", "operand/dx0"], &files);
        scatter.files(&["geometry/gram_scatter"]);
        let choices = vec![
            channels.clone(),
            ("OTHER_ACROSS".into(), 1.0 - last),
            ("DX0_ADD".into(), f64::from(u8::from(wanted.add))),
        ];
        let stage = scatter.stage("gram_scatter", choices, 0).reading_quads(quads).reading(&[("x1", sides[0].operand)]);
        let block = super::Block { steps: narrow(c.div_ceil(16) as u64), ..Default::default() };
        let stage = stage.over(block, (n * tiles) as u64 * s.div_ceil(TILE) as u64);
        plan.stages.push(stage.writing(vec![("dx0".into(), wanted.output)]));
    }
    Ok(())
}
