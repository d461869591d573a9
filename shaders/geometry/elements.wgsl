// A value for each element or box, or for each item the mean of its elements; gradients in the same pass. Uses lib/params lib/math lib/tally lib/workspace dtype/float operand/x0 operand/x1 absent/x2 absent/x3 absent/dx0 absent/dx1 absent/dx2 absent/dx3 absent/weight absent/mask absent/upstream absent/losses absent/items geometry/element losses/pointwise/mse geometry/scalars.

// whether a value belongs to an item rather than to an element
override BY_ITEM: bool = false;
// whether this dispatch counts; a second one that writes further gradients does not
override COUNTS: bool = true;

fn visit(i: u32, end: u32, item: u32, of_item: vec4<f32>, scale: f32, tally: ptr<function, Tally>) -> f32 {
    if i >= end {
        return 0.0;
    }
    if (mask_at(i) == 0.0) || (of_item.w == 0.0) {
        store(i, vec4<f32>(0.0));
        if !BY_ITEM {
            emit_loss(i, 0.0);
        }
        return 0.0;
    }
    let weight = weight_at(i);
    let score = score_at(i, of_item.xyz);
    var loss = weight * score.loss;
    var d = score.d * (weight * scale * upstream_at(select(i, item, BY_ITEM)));
    // a weight is a factor: 0·∞ is NaN, which a compiler may fold to 0
    let zero_times_infinity = (weight == 0.0) && is_infinite(score.loss);
    if zero_times_infinity || is_nan(of_item.x) || is_nan(weight) || is_nan(score.loss) {
        (*tally).poison = 1u;
        loss = nan();
        d = vec4<f32>(loss);
    }
    store(i, d);
    if !BY_ITEM {
        emit_loss(i, params.weight * loss);
        (*tally).weight += weight;
        (*tally).count += 1u;
    }
    return loss;
}

@compute @workgroup_size(256)
fn elements(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = (group.y * grid.x) + group.x;
    let item = tile / params.chunks;
    let start = (item * params.per_item) + ((tile % params.chunks) * params.chunk);
    let live = item < params.items;
    let end = select(0u, min(start + params.chunk, (item + 1u) * params.per_item), live);
    let of_item = item_at(min(item, params.items - 1u));
    let mean = select(1.0, 1.0 / f32(max(params.per_item, 1u)), BY_ITEM);
    let scale = mean * scales().x;

    // Four elements at a time: their sum is short, so that the long one has few steps.
    var tally = tally_none();
    for (var i = start + lane; i < end; i += 1024u) {
        let a = visit(i, end, item, of_item, scale, &tally);
        let b = visit(i + 256u, end, item, of_item, scale, &tally);
        let c = visit(i + 512u, end, item, of_item, scale, &tally);
        let d = visit(i + 768u, end, item, of_item, scale, &tally);
        tally.sum += (a + b) + (c + d);
    }
    if COUNTS {
        tally.sum *= mean;
        // the mean of no elements
        tally.poison |= select(0u, 1u, BY_ITEM && live && (params.per_item == 0u));
        if BY_ITEM && live && (lane == 0u) && ((tile % params.chunks) == 0u) && (of_item.w != 0.0) {
            tally.count = 1u;
            tally.weight = 1.0;
        }
        let merged = tally_workgroup(tally, lane);
        if live && (lane == 0u) {
            workspace.tallies[tile] = merged;
        }
    }
}
