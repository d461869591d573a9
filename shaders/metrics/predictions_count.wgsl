// Counts each position in the cell of its label and prediction. A workgroup goes through its positions in rounds, and stores
// its first label out of range in `bad_labels`.
// needs: geometry/places lib/params metrics/bad_label scratch/bad_labels
// slots: cell counter labels mask predicted

// whether each workgroup belongs to one item
override BY_ITEM: bool = false;

@compute @workgroup_size(256)
fn predictions_count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let slots = 256u / lanes_of_position();
    var span = vec2<u32>(workgroup * params.chunk, positions());
    if BY_ITEM {
        span = positions_of(workgroup);
    }
    // a surplus workgroup has no positions
    let is_live = workgroup < params.tallies;
    var bad = NO_BAD_LABEL;
    begin_counts(invocation);
    let rounds = params.rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        let position = span.x + (round * slots) + (invocation / lanes_of_position());
        let live = is_live & (position < span.y);
        let at = select(0u, position, live);
        let label = target_label(at);
        let takes_part = live & label.kept & (mask_at(at) != 0.0);
        let predicted = prediction_at(at, takes_part, invocation);
        if live & ((invocation % lanes_of_position()) == 0u) {
            if (label.bad | predicted.bad) & (bad.position == NOWHERE) {
                bad = BadLabel(
                    position,
                    select(1u, 0u, label.bad),
                    select(predicted.low, label.low, label.bad),
                    select(predicted.high, label.high, label.bad),
                );
            }
            if takes_part & !predicted.bad {
                count_position(cell_of(label, predicted));
            }
        }
    }
    end_counts(invocation);
    let first = first_of_lanes(bad, invocation);
    if is_live & (invocation == 0u) {
        bad_labels[workgroup] = first;
    }
}
