// A block of derivatives with respect to products, and their sums over each row of a tile. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/x1 operand/factors absent/labels absent/similarity absent/logit_scale absent/logit_bias fold/softmax fold/similarity absent/similarity_pair operand/records operand/slopes operand/slope_sums geometry/row_elements geometry/rows geometry/tiles geometry/similarity_pairs geometry/similarity_slope.

// Leaves the slope of a pair in the block, and gives derivative·product and the derivative; NaN leaves nothing there.
fn leave_slope(dot: f32, own: u32, other: u32) -> vec2<f32> {
    if (own >= params.block.own_end) || (other >= params.block.other_end) {
        return vec2<f32>(0.0);
    }
    let d = pair_slope(pair_score(dot, own, other), own, other);
    let unknown = is_nan(d);
    let row = (own - params.block.own_first) * (params.block.other_end - params.block.other_first);
    slopes[row + (other - params.block.other_first)] = select(d * product_scale(), 0.0, unknown);
    return select(vec2<f32>(d * dot, d), vec2<f32>(nan()), unknown);
}

fn leave_four(dots: vec4<f32>, own: u32, other: u32) -> vec2<f32> {
    let a = leave_slope(dots.x, own, other);
    let b = leave_slope(dots.y, own, other + 1u);
    let c = leave_slope(dots.z, own, other + 2u);
    let d = leave_slope(dots.w, own, other + 3u);
    if is_nan(a.y) || is_nan(b.y) || is_nan(c.y) || is_nan(d.y) {
        return vec2<f32>(nan());
    }
    return (a + b) + (c + d);
}

// The sum of the sixteen lanes' entries of a row, NaN where one is.
fn sum_row(row: u32, component: u32) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    var unknown = false;
    for (var column = 0u; column < 16u; column += 1u) {
        let entry = (row * 17u) + column;
        let x = own_tile[entry][component];
        unknown = unknown || is_nan(x);
        sum += vec2<f32>(x, other_tile[entry][component]);
    }
    return select(sum, vec2<f32>(nan()), unknown);
}

@compute @workgroup_size(256)
fn tiles_slopes(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let tile = place % tiles;
    let first_own = params.block.own_first + (64u * (place / tiles));
    let first_other = params.block.other_first + (64u * tile);
    let dots = tile_products(
        mat4x4<f32>(), first_own, params.block.own_end, first_other, params.block.other_end, 0u, params.per_item, lane
    );
    let own = first_own + (4u * (lane / 16u));
    let other = first_other + (4u * (lane % 16u));
    let a = leave_four(dots[0], own, other);
    let b = leave_four(dots[1], own + 1u, other);
    let c = leave_four(dots[2], own + 2u, other);
    let d = leave_four(dots[3], own + 3u, other);
    // the tiles are read no more
    own_tile[((lane / 16u) * 17u) + (lane % 16u)] = vec4<f32>(a.x, b.x, c.x, d.x);
    other_tile[((lane / 16u) * 17u) + (lane % 16u)] = vec4<f32>(a.y, b.y, c.y, d.y);
    workgroupBarrier();
    let row = first_own + lane;
    if (lane < 64u) && (row < params.block.own_end) {
        let rows = params.block.own_end - params.block.own_first;
        slope_sums[(tile * rows) + (row - params.block.own_first)] = sum_row(lane / 4u, lane % 4u);
    }
}
