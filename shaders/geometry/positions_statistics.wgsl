// Positions whose classes are spread over devices: writes the statistics of one shard.
// needs: lib/params lib/tally lib/workspace operand/statistics_out geometry/places
// slots: labels whole
@compute @workgroup_size(256)
fn positions_statistics(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = workgroup_at(group, grid);
    let position = (tile * params.rounds) + lane;
    var tally = tally_none();
    if (lane < params.rounds) & (position < positions()) {
        let label = target_label(position);
        let state = merge_whole(position);
        let place = whole_place(position, label);
        let found = LABELLED & label.kept & (label.index < params.classes);
        let at = 8u * position;
        store_statistic(at, state.peak);
        store_statistic(at + 1u, state.rest);
        store_statistic(at + 2u, state.spread);
        store_statistic(at + 3u, state.peak_share);
        store_statistic(at + 4u, state.other_shares);
        store_statistic(at + 5u, f32(state.poison + select(0u, 4u, found)));
        store_statistic(at + 6u, select(0.0, place.x, found));
        store_statistic(at + 7u, select(0.0, place.weight, found));
        if label.bad {
            tally.bad_position = position;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (tile * params.rounds < positions()) & (lane == 0u) {
        workspace.tallies[tile] = merged;
    }
}
