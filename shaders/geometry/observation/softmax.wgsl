// Observes positions beside their loss: whether the greatest logit is the label's, the entropy of the softmax, and so on.
// needs: lib/label lib/math lib/observed lib/params lib/tally lib/workspace geometry/places
// slots: fold

var<private> observed: Observed;

var<workgroup> observed_counts: array<atomic<u32>, 3>;
var<workgroup> observed_poison: atomic<u32>;

// Adds a position that takes part. A row with a NaN has no prediction, so that it counts as wrong.
fn observe_position(label: Label, kept: bool, state: State, s: Statistics) {
    if !kept {
        return;
    }
    let total = 1.0 + state.rest;
    let entropy = log1p(max(state.rest, 0.0)) + (state.heat / total);
    observed.count += 1u;
    observed.right += select(0u, 1u, LABELLED & !s.poison & (state.ahead == 0u));
    observed.near += select(0u, 1u, LABELLED & !s.poison & (state.ahead < params.top_k));
    if s.poison {
        observed.poison = 1u;
    } else {
        observed.entropy += entropy;
        observed.nll += s.nll;
    }
}

// Stores what a workgroup has observed, behind the tallies of all workgroups.
fn observe_tile(tile: u32, exists: bool, lane: u32) {
    if lane == 0u {
        atomicStore(&observed_counts[0], 0u);
        atomicStore(&observed_counts[1], 0u);
        atomicStore(&observed_counts[2], 0u);
        atomicStore(&observed_poison, 0u);
    }
    // the tally has been read from there
    workgroupBarrier();
    tally_sums[lane] = vec3<f32>(observed.entropy, observed.nll, 0.0);
    workgroupBarrier();
    // whole numbers may be added in any order
    atomicAdd(&observed_counts[0], observed.count);
    atomicAdd(&observed_counts[1], observed.right);
    atomicAdd(&observed_counts[2], observed.near);
    atomicOr(&observed_poison, observed.poison);
    var sums = vec3<f32>(0.0);
    if lane < 16u {
        for (var i = lane; i < 256u; i += 16u) {
            sums += tally_sums[i];
        }
    }
    workgroupBarrier();
    tally_sums[lane] = sums;
    workgroupBarrier();
    if exists & (lane == 0u) {
        for (var i = 1u; i < 16u; i += 1u) {
            sums += tally_sums[i];
        }
        let all = Observed(
            atomicLoad(&observed_counts[0]),
            atomicLoad(&observed_counts[1]),
            atomicLoad(&observed_counts[2]),
            atomicLoad(&observed_poison),
            sums.x,
            sums.y,
        );
        workspace.tallies[params.tallies + tile] = tally_of_observed(all);
    }
}
