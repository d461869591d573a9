// Ends a run of a metric: keeps the first label out of range, and counts the run.
// needs: geometry/outcome lib/params metrics/bad_label scratch/bad_labels
@compute @workgroup_size(256)
fn predictions_outcome(@builtin(local_invocation_index) lane: u32) {
    var bad = NO_BAD_LABEL;
    for (var tile = lane; tile < params.tallies; tile += 256u) {
        let other = bad_labels[tile];
        if other.position < bad.position {
            bad = other;
        }
    }
    let first = first_of_lanes(bad, lane);
    if lane == 0u {
        // counts add up over runs, so the first bad label of all runs is kept too
        if (first.position != NOWHERE) & (outcome.bad_part == NOWHERE) {
            outcome.bad_part = first.operand;
            outcome.bad_position = first.position;
            outcome.bad_low = first.low;
            outcome.bad_high = first.high;
        }
        outcome.runs += 1u;
    }
}
