// Sums, for each item, the losses of the differences between neighbouring pixels, and writes gradients in the same pass. Each
// workgroup leaves a tally.
// needs: lib/math lib/params lib/tally lib/workspace
// slots: dx0 leaf sample_weight upstream x0

// whether a gradient is wanted
override WRITES: bool = false;

// The loss of a difference, and its derivative; 0 if one of the pixels does not exist.
fn score_between(near: f32, far: f32, exists: bool) -> vec2<f32> {
    let d = difference(far, near);
    let score = element_score(vec4<f32>(d, 0.0, 0.0, 0.0), vec3<f32>(0.0));
    let known = select(vec2<f32>(score.loss, score.d.x), vec2<f32>(nan()), is_nan(d) | is_nan(score.loss));
    return select(vec2<f32>(0.0), known, exists);
}

// The pixel at `i`, or if it does not exist the pixel at `instead`.
fn pixel_or(i: u32, exists: bool, instead: u32) -> f32 {
    return x0_at(select(instead, i, exists));
}

@compute @workgroup_size(256)
fn neighbours(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let item = workgroup / params.chunks;
    let live = item < params.items;
    let start = (workgroup % params.chunks) * params.chunk;
    let end = select(start, min(start + params.chunk, params.per_item), live);
    let first = item * params.per_item;
    let near_item = min(item, params.items - 1u);
    let scale = product(scales().x, upstream_at(near_item));
    let step = params.block.step;
    let row = params.block.width * step;
    var tally = tally_none();
    for (var place = start + lane; place < end; place += 256u) {
        let i = first + place;
        let column = place % row;
        let line = (place / row) % params.block.height;
        let has_right = (column + step) < row;
        let has_below = (line + 1u) < params.block.height;
        let x = x0_at(i);
        let right = score_between(x, pixel_or(i + step, has_right, i), has_right);
        let below = score_between(x, pixel_or(i + row, has_below, i), has_below);
        let loss = right.x + below.x;
        if is_nan(x) | is_nan(loss) {
            tally.poison = 1u;
        } else {
            tally.sum += loss;
        }
        if WRITES {
            let has_left = column >= step;
            let has_above = line > 0u;
            let left = score_between(pixel_or(i - step, has_left, i), x, has_left);
            let above = score_between(pixel_or(i - row, has_above, i), x, has_above);
            let slope = (left.y + above.y) - (right.y + below.y);
            store_dx0(i, select(product(scale, slope), nan(), is_nan(slope)));
        }
    }
    // an item counts once, in its first chunk
    if live & (lane == 0u) & (start == 0u) {
        tally.count = count_at(near_item);
        tally.weight = 1.0;
    }
    var merged = tally_workgroup(tally, lane);
    if live & (lane == 0u) {
        // an infinite weight makes NaN of a sum that is 0, as the sum of a lane may be
        merged.sum = sampled(near_item, merged.sum);
        merged.poison |= select(0u, 1u, is_nan(merged.sum));
        workspace.tallies[workgroup] = merged;
    }
}
