// Writes the statistics of one shard, for positions whose classes are spread over devices.
// needs: lib/params lib/tally lib/workspace geometry/places geometry/shard_numbers
// slots: labels state_numbers whole
@compute @workgroup_size(256)
fn positions_statistics(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let position = (workgroup * params.rounds) + lane;
    var tally = tally_none();
    if (lane < params.rounds) & (position < positions()) {
        let label = target_label(position);
        let state = merge_whole(position);
        let label_class = whole_label_class(position, label);
        let found = LABELLED & label.kept & (label.index < params.classes);
        store_numbers(position, first_numbers(state), last_number(state), state.poison);
        store_notes(position, notes_of(state));
        if found {
            store_found(position, state.poison, label_class.x, label_class.weight);
        }
        if label.bad {
            tally.bad_position = position;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * params.rounds < positions()) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
