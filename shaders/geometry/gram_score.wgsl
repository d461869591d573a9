// Scores each pair of channels of an item: tallies the loss, and writes its derivative with respect to their product to
// `gram_slopes`.
// needs: lib/math lib/params lib/tally lib/workspace scratch/factors scratch/gram_slopes scratch/grams geometry/element
// slots: leaf losses sample_weight upstream

// the entry `i` of a Gram matrix: the sum of its chunks from `first_chunk` on, over the number of elements
fn gram_at(i: u32, first_chunk: u32) -> f32 {
    let values = params.items * params.classes * params.classes;
    var sum = 0.0;
    for (var chunk = 0u; chunk < params.chunks; chunk += 1u) {
        sum += grams[((first_chunk + chunk) * values) + i];
    }
    return sum / max(f32(params.classes) * f32(params.per_item), 1.0);
}

// The transposed entry: the same pair of channels, exchanged.
fn turned(i: u32) -> u32 {
    let row = i / params.classes;
    return (((row / params.classes) * params.classes + (i % params.classes)) * params.classes) + (row % params.classes);
}

// The difference of the Gram matrices as F·F′ − T·T′ = (F − T)·F′ + T·(F − T)′, which keeps its digits if the features are
// close.
fn score_at(i: u32) -> ElementScore {
    let apart = gram_at(i, 0u) + gram_at(turned(i), params.chunks);
    return element_score(vec4<f32>(apart, 0.0, 0.0, 0.0), vec3<f32>(0.0));
}

// Whether both channels are finite, in the input and in the target. The target's factors follow the input's.
fn known_pair(i: u32) -> bool {
    let column = ((i / (params.classes * params.classes)) * params.classes) + (i % params.classes);
    let row = i / params.classes;
    let second = params.items * params.classes;
    let of_input = !is_nan(factors[row]) & !is_nan(factors[column]);
    return of_input & !is_nan(factors[second + row]) & !is_nan(factors[second + column]);
}

// The derivative with respect to a product; NaN if a channel or the loss is unknown.
fn slope_of(i: u32, score: ElementScore) -> f32 {
    let slope = score.d.x * product(scales().x, upstream_at(i)) / max(f32(params.classes) * f32(params.per_item), 1.0);
    return select(slope, nan(), !known_pair(i) | is_nan(score.loss));
}

@compute @workgroup_size(256)
fn gram_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let values = params.items * params.classes * params.classes;
    let start = min(workgroup * 256u * params.rounds, values);
    let end = min(start + (256u * params.rounds), values);
    var tally = tally_none();
    for (var i = start + lane; i < end; i += 256u) {
        let score = score_at(i);
        let slope = slope_of(i, score);
        let loss = sampled(i, score.loss);
        tally.count += count_at(i);
        tally.weight += 1.0;
        if !known_pair(i) | is_nan(loss) {
            tally.poison = 1u;
            emit_loss(i, nan());
        } else {
            tally.sum += loss;
            emit_loss(i, params.weight * loss);
        }
        // a channel is both a row and a column of its item's matrix, so its two slopes add up
        let other = slope_of(turned(i), score_at(turned(i)));
        gram_slopes[i] = select(slope + other, nan(), is_nan(slope) | is_nan(other));
    }
    let merged = tally_workgroup(tally, lane);
    if (start < values) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
