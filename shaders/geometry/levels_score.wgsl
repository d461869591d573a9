// The scores of a level's windows, in tiles of 16 × 16: first their sums, and once the levels' slopes are known also their
// derivatives, with the same sums again.
// needs: lib/math lib/params lib/tally geometry/pixels geometry/window_maps geometry/window_scores geometry/window_sums scratch/level_slopes scratch/level_sums
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
    let across = (size.x + (16u * params.rounds) - 1u) / (16u * params.rounds);
    let down = (size.y + 15u) / 16u;
    let planes = params.items * params.classes;
    let live = place / (across * down) < planes;
    let plane = min(place / (across * down), planes - 1u);
    let line = 16u * ((place / across) % down);
    make_taps(lane);
    var tally = tally_none();
    let rounds = params.rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        let column = 16u * (((place % across) * params.rounds) + round);
        let first = first_pixel(line, column);
        let sums = window_sum(plane, first.y, first.x, lane);
        let own_line = line + (lane / 16u);
        let own_column = column + (lane % 16u);
        let middle = first_pixel(own_line + (params.window / 2u), own_column + (params.window / 2u));
        let pivot = pivot_at(plane, middle.y, middle.x);
        if live & (own_line < size.y) & (own_column < size.x) {
            // the means differ by the pivot's second number and the sum's
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
