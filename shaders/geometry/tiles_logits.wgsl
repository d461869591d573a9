// Writes the logits of a block's rows and classes to memory, NaN where the row or the class is not finite.
// needs: lib/component lib/math lib/params scratch/factors scratch/slopes geometry/lane_products
// slots: block_logits tile_products
fn leave_quad(own: u32, other: u32, sums: mat4x4<f32>) {
    var by_row = columns(transpose(sums));
    let by_other = params.block.other_base + other;
    let of_others = vec4<f32>(factors[by_other], factors[by_other + 1u], factors[by_other + 2u], factors[by_other + 3u]);
    for (var i = 0u; i < 4u; i += 1u) {
        if (own + i < params.block.own_end) & (other < params.block.other_end) {
            let unknown = are_nan(of_others) | vec4<bool>(is_nan(factors[params.block.own_base + own + i]));
            store_logits(slope_at(own + i, other), select(by_row[i], vec4<f32>(nan()), unknown));
        }
    }
}

@compute @workgroup_size(64)
fn tiles_logits(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let across = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let first_own = params.block.own_first + (64u * (place / across));
    let first_other = params.block.other_first + (64u * (place % across));
    let sums = tile_products(no_products(), first_own, first_other, 0u, params.block.width, lane);
    let own = first_own + lane_own(lane);
    leave_quad(own, first_other + lane_other(lane, 0u), sums.a);
    leave_quad(own, first_other + lane_other(lane, 1u), sums.b);
    leave_quad(own, first_other + lane_other(lane, 2u), sums.c);
    leave_quad(own, first_other + lane_other(lane, 3u), sums.d);
}
