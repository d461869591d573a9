// Computes a value for each row from the distances of its vectors, and gradients in the same pass.
// needs: lib/params lib/tally lib/workspace geometry/lanes geometry/vectors
// slots: fold mask upstream

// whether a gradient is wanted
override WRITES: bool = false;
// whether this dispatch tallies; a second dispatch, which writes further gradients, does not
override COUNTS: bool = true;

@compute @workgroup_size(256)
fn vectors_fused(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let slots = 256u / LANES;
    let lane = invocation % LANES;
    var tally = tally_none();
    let rounds = params.rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        let row = (((workgroup * params.rounds) + round) * slots) + (invocation / LANES);
        let live = row < params.per_item;
        let begin = select(0u, row, live) * params.classes;
        let end = begin + params.classes;
        var kept = false;
        if live {
            kept = mask_at(row) != 0.0;
        }
        var own = fold_empty();
        if kept {
            own = absorb_vectors(0u, fold_know(own), begin, end, lane, LANES);
        }
        var state = merge_lanes(own, invocation);
        if SWEEPS > 1u {
            own = fold_empty();
            if kept {
                own = absorb_vectors(1u, fold_know(state), begin, end, lane, LANES);
            }
            state = fold_merge(state, merge_lanes(own, invocation));
        }
        let known = fold_know(state);
        if live {
            let score = score_of(row, state, known);
            if COUNTS & (lane == 0u) {
                tally_row(row, kept, score, &tally);
            }
            if WRITES {
                let slopes = row_slopes(kept, state, known, score, scales().x * upstream_at(row));
                write_vectors(slopes, begin, end, lane, LANES);
            }
        }
    }
    if COUNTS {
        let merged = tally_workgroup(tally, invocation);
        if (workgroup * params.rounds * slots < params.per_item) & (invocation == 0u) {
            workspace.tallies[workgroup] = merged;
        }
    }
}
