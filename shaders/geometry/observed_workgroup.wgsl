// The counts and sums that a lane has observed, and their sums over a workgroup, which are stored as a tally.
// needs: lib/observed lib/params lib/tally lib/workspace

var<private> observed: Observed;

var<workgroup> observed_counts: array<atomic<u32>, 3>;
var<workgroup> observed_poison: atomic<u32>;

// Stores what a workgroup has observed, behind the tallies of all workgroups.
fn observe_workgroup(workgroup: u32, exists: bool, lane: u32) {
    if lane == 0u {
        atomicStore(&observed_counts[0], 0u);
        atomicStore(&observed_counts[1], 0u);
        atomicStore(&observed_counts[2], 0u);
        atomicStore(&observed_poison, 0u);
    }
    // tally_sums is used again: lane 0 has read the tally from it by now
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
        workspace.tallies[params.tallies + workgroup] = tally_of_observed(all);
    }
}
