// Observations of regions: adds up the counts of a class over all chunks of the batch, and stores the numerator and the
// denominator of each ratio that is asked for. A workgroup takes a class.
// needs: lib/params scratch/sums geometry/observed_row geometry/region

// which observations are asked for
override IOU: bool = false;
override PRECISION: bool = false;
override RECALL: bool = false;

var<workgroup> lane_counts: array<vec3<u32>, 256>;

// Stores the class's sum at `place` if it is asked for. Returns the next free place.
fn store_of_class(asked: bool, place: u32, k: u32, sum: u32, denominator: u32) -> u32 {
    if asked {
        store_observed((place * params.classes) + k, f32(sum), f32(denominator));
    }
    return place + select(0u, 1u, asked);
}

@compute @workgroup_size(256)
fn region_counts(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let k = workgroup_at(group, grid);
    // how many positions are of the class by prediction and target, by prediction, and by target
    var counts = vec3<u32>(0u);
    if k < params.classes {
        for (var tile = lane; tile < params.first_tally; tile += 256u) {
            counts += vec3<u32>(region_sums[counts_at(tile, k)].xyz);
        }
    }
    lane_counts[lane] = counts;
    workgroupBarrier();
    if (lane != 0u) | (k >= params.classes) {
        return;
    }
    for (var i = 1u; i < 256u; i += 1u) {
        counts += lane_counts[i];
    }
    var place = store_of_class(IOU, 0u, k, counts.x, (counts.y + counts.z) - counts.x);
    place = store_of_class(PRECISION, place, k, counts.x, counts.y);
    place = store_of_class(RECALL, place, k, counts.x, counts.z);
}
