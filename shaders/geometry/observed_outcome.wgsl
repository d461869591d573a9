// Adds up the observations of a part over all workgroups, and stores each one that is asked for in the outcome, behind the
// parts: a sum and the number of positions.
// needs: lib/observed lib/params lib/workspace geometry/observed_row

// which observations are asked for
override ACCURACY: bool = false;
override TOP_K: bool = false;
override ENTROPY: bool = false;
override PERPLEXITY: bool = false;

var<workgroup> observed_counts: array<vec3<u32>, 256>;
var<workgroup> observed_sums: array<vec3<f32>, 256>;

// Stores a sum at `place` if it is asked for. Returns the next free place.
fn store_if(asked: bool, place: u32, sum: f32, count: f32) -> u32 {
    if asked {
        store_observed(place, sum, count);
    }
    return place + select(0u, 1u, asked);
}

@compute @workgroup_size(256)
fn observed_outcome(@builtin(local_invocation_index) lane: u32) {
    var counts = vec3<u32>(0u);
    var sums = vec3<f32>(0.0);
    for (var i = lane; i < params.tallies; i += 256u) {
        let seen = observed_of_tally(workspace.tallies[params.tallies + i]);
        counts += vec3<u32>(seen.count, seen.right, seen.near);
        sums += vec3<f32>(seen.entropy, seen.nll, f32(seen.poison));
    }
    observed_counts[lane] = counts;
    observed_sums[lane] = sums;
    workgroupBarrier();
    if lane != 0u {
        return;
    }
    for (var i = 1u; i < 256u; i += 1u) {
        counts += observed_counts[i];
        sums += observed_sums[i];
    }
    if sums.z != 0.0 {
        sums = vec3<f32>(nan());
    }
    let count = f32(counts.x);
    var place = store_if(ACCURACY, 0u, f32(counts.y), count);
    place = store_if(TOP_K, place, f32(counts.z), count);
    place = store_if(ENTROPY, place, sums.x, count);
    place = store_if(PERPLEXITY, place, sums.y, count);
}
