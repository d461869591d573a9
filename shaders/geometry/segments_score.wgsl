// Scores each pair of segments, and stores in `segment_scores` the derivative of the loss with respect to −log p of the rows of
// each segment, without the factors that all segments share. The first segments of all pairs come before the second ones.
// needs: lib/math lib/params lib/tally lib/workspace scratch/segment_scores
// slots: leaf losses mask sample_weight upstream
@compute @workgroup_size(256)
fn segments_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let pair = (workgroup * 256u) + lane;
    let pairs = params.segments / 2u;
    var tally = tally_none();
    if pair < pairs {
        var loss = 0.0;
        var slopes = vec2<f32>(0.0);
        if mask_at(pair) != 0.0 {
            let first = segment_scores[pair];
            let second = segment_scores[pairs + pair];
            let score = element_score(vec4<f32>(first.log_ratio, second.log_ratio, 0.0, 0.0), vec3<f32>(0.0));
            loss = sampled(pair, score.loss);
            let upstream = -upstream_at(pair);
            slopes = vec2<f32>(product(upstream, first.share * score.d.x), product(upstream, second.share * score.d.y));
            if is_nan(first.log_ratio) | is_nan(second.log_ratio) | is_nan(loss) {
                loss = nan();
                slopes = vec2<f32>(nan());
                tally.poison = 1u;
            } else {
                tally.sum = loss;
            }
            tally.count = count_at(pair);
            tally.weight = sampled(pair, 1.0);
        }
        emit_loss(pair, select(params.weight * loss, loss, is_nan(loss)));
        segment_scores[pair].slope = slopes.x;
        segment_scores[pairs + pair].slope = slopes.y;
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < pairs) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
