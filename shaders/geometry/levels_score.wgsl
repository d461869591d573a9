// Scores the windows of a level, in tiles of 16 × 16, and writes the sum of each workgroup to `level_sums`. Once `level_slopes`
// is known, it runs again: it writes the same sums, and also the derivatives with respect to the windows' statistics.
// needs: lib/math lib/params lib/tally geometry/picture_tiles geometry/pixels geometry/window_maps geometry/window_scores geometry/window_sums scratch/level_slopes scratch/level_sums
// slots: window_slopes

// Whether a window is scored as if the means of the pictures were equal in it.
override EQUAL_MEANS: bool = false;

@compute @workgroup_size(256)
fn levels_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let size = map_size();
    let tile = picture_tile(place, size, 16u * params.rounds);
    let live = tile.live;
    let plane = tile.plane;
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
            // the difference of the means is pivot.y + sums.y, which −sums.y makes 0
            let score = score_window(sums, vec2<f32>(pivot.x, select(pivot.y, -sums.y, EQUAL_MEANS)));
            if is_nan(score.loss) {
                tally.poison = 1u;
            } else {
                tally.sum += score.loss;
            }
            let slope = level_slope(plane);
            let d = score.d;
            let slopes = vec4<f32>(product(slope, d.x), product(slope, d.y), product(slope, d.z), product(slope, d.w));
            hold_window(held_place(plane, own_line, own_column), slopes, sums.xy);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if live & (lane == 0u) {
        level_sums[params.block.first_sum + place] = vec2<f32>(merged.sum, f32(merged.poison));
    }
}
