// Regions, second stage: merges the sums of each region, scores it, and writes its coefficients for the gradients. If an item's
// classes have one ratio together, it only stores the sums of the region, for region_couple.
// needs: lib/math lib/params lib/tally lib/workspace scratch/coefficients scratch/sums fold/regions geometry/region geometry/region_merge
// slots: class_weight leaf losses upstream
@compute @workgroup_size(256)
fn regions_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let region = select(workgroup_at(group, grid), (workgroup_at(group, grid) * 256u) + lane, ALONE);
    let k = region % params.classes;
    let live = region < regions();
    let own = region_merged(region, live, lane);
    if !live | !(ALONE | (lane == 0u)) {
        return;
    }
    if TOGETHER {
        region_sums[together(region)] = own;
        return;
    }
    var tally = tally_none();
    var slopes = vec2<f32>(0.0);
    if (k > 0u) | INCLUDE_BACKGROUND {
        let background = select(1u, 0u, INCLUDE_BACKGROUND);
        let value = ((region / params.classes) * (params.classes - background)) + k - background;
        let score = region_score(RegionSums(own.x, own.y, own.z));
        let weight = class_weight_at(k);
        var loss = part_of(weight, score.loss);
        let scale = product(product(weight, scales().x), upstream_at(value));
        slopes = select(scale * slopes_of_target(score, SQUARED), slopes, weight == 0.0);
        if (own.w != 0.0) | is_nan(weight) | is_nan(score.loss) {
            loss = nan();
            slopes = vec2<f32>(loss);
            tally.poison = 1u;
        } else {
            tally.sum = loss;
        }
        tally.count = 1u;
        emit_loss(value, select(params.weight * loss, loss, is_nan(loss)));
    }
    coefficients[region] = slopes;
    workspace.tallies[params.first_tally + region] = tally;
}
