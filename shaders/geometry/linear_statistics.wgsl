// Writes the statistics of one shard, for rows of a linear layer whose classes are spread over devices.
// needs: lib/params lib/tally lib/workspace scratch/hits scratch/whole_states geometry/shard_numbers
// slots: class_weight labels state_numbers
@compute @workgroup_size(256)
fn linear_statistics(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    var tally = tally_none();
    if row < params.items {
        let label = target_label(row);
        let state = whole_states[row];
        store_numbers(row, first_numbers(state), last_number(state), state.poison);
        store_notes(row, notes_of(state));
        if label.kept & (label.index < params.classes) {
            store_found(row, state.poison, hits[row], class_weight_at(label.index));
        }
        if label.bad {
            tally.bad_position = row;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.items) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
