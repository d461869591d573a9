// Scores each row: tallies its loss, and writes the unreduced loss. A symmetric loss is the mean of the row's loss and of the
// loss of its counterpart among the others.
// needs: lib/math lib/params lib/tally lib/workspace scratch/whole_states fold/similarity
// slots: losses row_loss sample_weight softmax_state

// whether each pair has a loss of its own
override PAIRWISE: bool = false;
// whether the loss is the mean over both directions
override SYMMETRIC: bool = false;

fn unknown_state(state: State) -> bool {
    // a softmax without a finite score has a rest below 0; pairwise losses do not use the rest
    return (state.poison != 0u) | (!PAIRWISE & (state.rest < 0.0));
}

fn loss_of(state: State) -> f32 {
    if PAIRWISE {
        return state.spread;
    }
    return similarity_row(similarity_finish(state)).loss;
}

@compute @workgroup_size(256)
fn similarity_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    var tally = tally_none();
    if row < params.items {
        let state = whole_states[row];
        if PAIRWISE | has_loss(state) {
            tally.count = count_at(row);
            tally.weight = 1.0;
            var loss = loss_of(state);
            var unknown = unknown_state(state);
            if SYMMETRIC {
                let other = whole_states[params.items + row];
                loss = 0.5 * (loss + loss_of(other));
                unknown = unknown | unknown_state(other);
            }
            loss = sampled(row, loss);
            if unknown | is_nan(loss) {
                tally.poison = 1u;
                emit_loss(row, nan());
            } else {
                tally.sum = loss;
                emit_loss(row, params.weight * loss);
            }
        } else {
            emit_loss(row, 0.0);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.items) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
