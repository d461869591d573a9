// Regions, after the second stage, where the classes of an item have one ratio together: adds up the sums of an item's classes,
// each times the class's share, scores the item, and writes the coefficients of each class. A share is the weight that the leaf
// gives a class. A workgroup takes an item.
// needs: lib/math lib/params lib/tally lib/workspace scratch/coefficients scratch/sums fold/regions geometry/region geometry/region_lanes
// slots: leaf losses upstream
var<workgroup> shares: array<f32, 256>;
var<workgroup> slopes_shared: vec2<f32>;

fn sums_of(region: u32) -> RegionSums {
    let sums = region_sums[together(region)];
    return RegionSums(sums.x, sums.y, sums.z);
}

@compute @workgroup_size(256)
fn region_couple(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let item = workgroup_at(group, grid);
    let live = item < select(params.items, 1u, BATCH);
    // without the background, class 0 is left out
    let seen = select(1u, 0u, INCLUDE_BACKGROUND);
    let first = item * params.classes;
    let classes = select(0u, params.classes, live);

    // the largest finite share, which replaces infinite ones
    var largest = 0.0;
    for (var k = lane + select(0u, 256u, lane < seen); k < classes; k += 256u) {
        let share = region_share(sums_of(first + k));
        largest = select(max(largest, share), largest, is_infinite(share));
    }
    shares[lane] = largest;
    workgroupBarrier();
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            largest = max(largest, shares[i]);
        }
        shares[lane] = largest;
    }
    workgroupBarrier();
    for (var i = 0u; i < 16u; i += 1u) {
        largest = max(largest, shares[i]);
    }

    var own = vec4<f32>(0.0);
    for (var k = lane + select(0u, 256u, lane < seen); k < classes; k += 256u) {
        let share = region_share(sums_of(first + k));
        let sums = region_sums[together(first + k)];
        own += vec4<f32>(select(share, largest, is_infinite(share)) * sums.xyz, sums.w);
    }
    own = lanes_sum(own, lane);
    if live & (lane == 0u) {
        let score = region_score(RegionSums(own.x, own.y, own.z));
        var slopes = product(scales().x, upstream_at(item)) * slopes_of_target(score, SQUARED);
        var tally = tally_none();
        var loss = params.weight * score.loss;
        if (own.w != 0.0) | is_nan(score.loss) {
            loss = nan();
            slopes = vec2<f32>(loss);
            tally.poison = 1u;
        } else {
            tally.sum = score.loss;
        }
        tally.count = 1u;
        emit_loss(item, loss);
        slopes_shared = slopes;
        workspace.tallies[params.first_tally + item] = tally;
    }
    workgroupBarrier();
    for (var k = lane; k < classes; k += 256u) {
        let share = region_share(sums_of(first + k));
        let slopes = slopes_shared;
        let scaled = select(share, largest, is_infinite(share)) * slopes;
        coefficients[first + k] = select(select(scaled, slopes, is_nan(slopes.x)), vec2<f32>(0.0), k < seen);
    }
}
