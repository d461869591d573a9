// Computes the loss of each item, and stores in `spans` the factor of its gradient. A workgroup takes an item, and adds up the
// peaks of its steps.
// needs: lib/long lib/math lib/params lib/scaled lib/tally lib/workspace scratch/node_ends scratch/peaks scratch/spans
// slots: leaf losses sample_weight upstream

// whether an item's loss is divided by its number of labels
override PER_LABEL: bool = false;

var<workgroup> peak_sums: array<vec2<f32>, 256>;
var<workgroup> unknown_peaks: array<u32, 256>;

// Returns the sum of an item's peaks to every lane, as a long number (see lib/long); NaN if a peak is NaN.
fn sum_peaks(item: u32, steps: u32, lane: u32) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    var unknown = 0u;
    for (var step = lane; step < steps; step += 256u) {
        let peak = peaks[(step * params.items) + item];
        unknown |= select(0u, 1u, is_nan(peak));
        sum = long_sum(sum, long_number(peak));
    }
    peak_sums[lane] = sum;
    unknown_peaks[lane] = unknown;
    workgroupBarrier();
    for (var k = 0u; k < 8u; k += 1u) {
        let width = 128u >> k;
        if lane < width {
            peak_sums[lane] = long_sum(peak_sums[lane], peak_sums[lane + width]);
            unknown_peaks[lane] |= unknown_peaks[lane + width];
        }
        workgroupBarrier();
    }
    return select(peak_sums[0], vec2<f32>(nan()), unknown_peaks[0] != 0u);
}

// Alignments whose probability has a lower log count as having none, since a `Scaled` does not hold it.
const LEAST_LOG: f32 = -2e38;

// The log of the probability of all alignments of an item.
fn log_probability(span: Span, item: u32, peak_sum: vec2<f32>) -> f32 {
    if is_nan(peak_sum.x) {
        return nan();
    }
    if span.steps == 0u {
        return select(-infinity(), 0.0, span.labels == 0u);
    }
    var other = scaled_nothing();
    if span.labels > 0u {
        other = node_ends[(2u * item) + 1u];
    }
    let all = long_log(scaled_sum(node_ends[2u * item], other, scaled_nothing()), peak_sum);
    return select(all, -infinity(), all < LEAST_LOG);
}

@compute @workgroup_size(256)
fn alignments_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = params.block.own_first + workgroup_at(group, grid);
    let item = min(place, params.block.own_end - 1u);
    let span = spans[item];
    let peak_sum = sum_peaks(item, span.steps, lane);
    if (lane != 0u) | (place != item) {
        return;
    }
    var tally = tally_none();
    var loss = 0.0;
    var scale = 0.0;
    if span.live != 0u {
        let score = alignment_score(log_probability(span, item, peak_sum));
        let share = select(1.0, 1.0 / f32(max(span.labels, 1u)), PER_LABEL);
        loss = sampled(item, share * score.loss);
        scale = product(product(scales().x, upstream_at(item)), -share * score.d);
        scale = select(scale, nan(), is_nan(score.loss) | is_infinite(score.loss) | is_nan(scale));
        tally.count = count_at(item);
        tally.weight = sampled(item, 1.0);
        tally.poison = select(0u, 1u, is_nan(loss));
        tally.sum = select(loss, 0.0, is_nan(loss));
        spans[item].moves = select(0u, 1u, score.d != 0.0);
    }
    spans[item].scale = scale;
    workspace.tallies[item] = tally;
    emit_loss(item, select(params.weight * loss, nan(), is_nan(loss)));
}
