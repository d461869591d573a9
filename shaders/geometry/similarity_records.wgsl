// Writes to `records` what the derivatives of each row's loss need; if the loss is symmetric, also for the losses of the
// others.
// needs: lib/params lib/workspace scratch/records scratch/whole_states fold/similarity fold/softmax
// slots: row_loss upstream

// whether each pair has a loss of its own
override PAIRWISE: bool = false;
// whether the loss is the mean over both directions
override SYMMETRIC: bool = false;

@compute @workgroup_size(256)
fn similarity_records(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = (workgroup_at(group, grid) * 256u) + lane;
    if place >= (select(1u, 2u, SYMMETRIC) * params.items) {
        return;
    }
    let state = whole_states[place];
    var record: Record;
    record.scale = scales().x * upstream_at(place % params.items) * select(1.0, 0.5, SYMMETRIC);
    record.live = 1u;
    if !PAIRWISE {
        let score = similarity_row(similarity_finish(state));
        // the derivative of the surprise with respect to a score is mass·p, less 1 for a similar pair
        let d = record.scale * score.d;
        let mass = mass_of(state);
        record.live = select(0u, 1u, has_loss(state));
        record.poison = select(0u, 1u, (state.poison != 0u) | (state.rest < 0.0));
        record.peak = state.peak;
        record.gain = (d * mass) / (1.0 + state.rest);
        record.share = d;
        // with a single similar other, mass·p − 1 is −(1 − p), computed without cancellation
        record.place = select(0u, 1u, mass == 1.0);
        record.hit = -d * similarity_miss(state);
    }
    records[place] = record;
}
