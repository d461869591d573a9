// Scores windows in tiles of 16 × 16: tallies their losses, and if wanted holds the derivatives with respect to the windows'
// statistics.
// needs: lib/math lib/params lib/tally lib/workspace geometry/picture_tiles geometry/pixels geometry/window_maps geometry/window_scores geometry/window_sums
// slots: sample_weight upstream window_slopes

@compute @workgroup_size(256)
fn windows_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let size = map_size();
    let tile = picture_tile(place, size, 16u * params.rounds);
    let live = tile.live;
    let plane = tile.plane;
    let mean = 1.0 / f32(params.per_item);
    let upstream = product(scales().x, upstream_at(plane / params.classes));
    make_taps(lane);
    var tally = tally_none();
    let rounds = params.rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        let column = tile.column + (16u * round);
        let first = first_pixel(tile.line, column);
        let sums = window_sum(plane, first.y, first.x, lane);
        let own_line = tile.line + (lane / 16u);
        let own_column = column + (lane % 16u);
        let middle = first_pixel(own_line + (params.window / 2u), own_column + (params.window / 2u));
        let pivot = pivot_at(plane, middle.y, middle.x);
        if live & (own_line < size.y) & (own_column < size.x) {
            let score = score_window(sums, pivot);
            if is_nan(score.loss) {
                tally.poison = 1u;
            } else {
                tally.sum += score.loss;
            }
            let d = mean * score.d;
            let slopes =
                vec4<f32>(product(upstream, d.x), product(upstream, d.y), product(upstream, d.z), product(upstream, d.w));
            hold_window(held_place(plane, own_line, own_column), slopes, sums.xy);
        }
    }
    // an item counts once, in its first tile
    if live & (lane == 0u) & ((place % params.chunks) == 0u) {
        tally.count = count_at(plane / params.classes);
        tally.weight = 1.0;
    }
    var merged = tally_workgroup(tally, lane);
    if live & (lane == 0u) {
        // an infinite weight makes NaN of a sum that is 0, as the sum of a lane may be
        merged.sum = sampled(plane / params.classes, mean * merged.sum);
        merged.poison |= select(0u, 1u, is_nan(merged.sum));
        workspace.tallies[place] = merged;
    }
}
