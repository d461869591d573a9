// Computes and tallies the loss of each plane, 1 − Π (1 − mean)^weight, where a level's mean is that of its windows' scores.
// Writes to `level_slopes`, for each level and plane, the derivative of the loss with respect to the score of one window.
//
// The product is computed as exp(Σ weight·log(1 − mean)), so that the loss keeps its digits where all means are small.
// needs: lib/math lib/params lib/tally lib/workspace scratch/level_slopes scratch/level_sums
// slots: sample_weight upstream x1

// How many columns (x) and lines (y) of windows a level with these sides has.
fn window_counts(sides: vec2<u32>) -> vec2<u32> {
    return (sides + vec2<u32>((2u * params.margin) + 1u)) - vec2<u32>(params.window);
}

// log(1 − m) for 0 ≤ m < 1.
fn log_rest(m: f32) -> f32 {
    if m <= 0.5 {
        return log1p_near(-m);
    }
    return precise_log(1.0 - m);
}

@compute @workgroup_size(256)
fn levels_product(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let live = place < params.items * params.classes;
    let plane = min(place, (params.items * params.classes) - 1u);
    let item = plane / params.classes;
    // the dispatch's planes are those from `own_first` to `own_end`; `steps` is the number of levels
    let planes = params.block.own_end - params.block.own_first;
    let own = plane - params.block.own_first;
    let levels = params.block.steps;
    var sides = vec2<u32>(params.block.width, params.block.height);
    var first = 0u;
    var log_product = 0.0;
    var gone = false;
    var total = tally_none();
    for (var level = 0u; level < levels; level += 1u) {
        let size = window_counts(sides);
        let count = ((size.x + (16u * params.rounds) - 1u) / (16u * params.rounds)) * ((size.y + 15u) / 16u);
        let begin = first + (own * count);
        var tally = tally_none();
        for (var i = lane; i < select(0u, count, live); i += 256u) {
            tally.sum += level_sums[begin + i].x;
            tally.poison |= select(0u, 1u, level_sums[begin + i].y != 0.0);
        }
        let merged = tally_workgroup(tally, lane);
        // lane 0 has read the sums of this level before other lanes write those of the next
        workgroupBarrier();
        if live & (lane == 0u) {
            let mean = merged.sum / (f32(size.x) * f32(size.y));
            total.poison |= merged.poison;
            gone |= mean >= 1.0;
            log_product += x1_at(level) * log_rest(min(mean, 0.99999994));
            level_slopes[(level * planes) + own] = mean;
        }
        first += planes * count;
        sides = (sides + vec2<u32>(1u)) / vec2<u32>(2u);
    }
    if !live | (lane != 0u) {
        return;
    }
    let scale = product(scales().x, upstream_at(item)) / f32(params.classes);
    sides = vec2<u32>(params.block.width, params.block.height);
    for (var level = 0u; level < levels; level += 1u) {
        let size = window_counts(sides);
        let rest = 1.0 - level_slopes[(level * planes) + own];
        let share = (x1_at(level) * exp_any(log_product)) / (rest * (f32(size.x) * f32(size.y)));
        // where a mean is 1 or more, its factor and so the product stay 0 as means change: the slopes are 0
        let slope = product(scale, select(share, 0.0, gone));
        level_slopes[(level * planes) + own] = select(slope, nan(), total.poison != 0u);
        sides = (sides + vec2<u32>(1u)) / vec2<u32>(2u);
    }
    let loss = select(-expm1(log_product), 1.0, gone);
    total.sum = sampled(item, loss / f32(params.classes));
    total.poison |= select(0u, 1u, is_nan(total.sum));
    // an item counts once, in its first plane
    if (plane % params.classes) == 0u {
        total.count = count_at(item);
        total.weight = 1.0;
    }
    workspace.tallies[plane] = total;
}
