// Merges into `extremes`, for each row of a block, the greatest distance to a row with the same label and the least to a row
// with another label, among the block's others. A workgroup takes a row.
// needs: lib/label lib/math lib/params scratch/distances scratch/extremes scratch/factors
// slots: labels
var<workgroup> lanes: array<Extremes, 256>;

fn no_extremes() -> Extremes {
    return Extremes(0u, 0u, 0xffffffffu, 0u, 0u);
}

// The extremes of a single distance.
fn extremes_of(distance: f32, same: bool) -> Extremes {
    let bits = bitcast<u32>(distance);
    let unknown = is_nan(distance);
    let flags = select(HAS_NEGATIVE, HAS_POSITIVE, same) | select(0u, UNKNOWN_OTHER, unknown);
    let is_positive = same & !unknown;
    let is_negative = !(same | unknown);
    return Extremes(
        select(0u, bits, is_positive),
        select(0u, 1u, is_positive),
        select(0xffffffffu, bits, is_negative),
        select(0u, 1u, is_negative),
        flags,
    );
}

fn merge_extremes(a: Extremes, b: Extremes) -> Extremes {
    let farthest = max(a.farthest, b.farthest);
    let nearest = min(a.nearest, b.nearest);
    return Extremes(
        farthest,
        select(0u, a.farthest_count, a.farthest == farthest) + select(0u, b.farthest_count, b.farthest == farthest),
        nearest,
        select(0u, a.nearest_count, a.nearest == nearest) + select(0u, b.nearest_count, b.nearest == nearest),
        a.flags | b.flags,
    );
}

@compute @workgroup_size(256)
fn hardest_find(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = params.block.own_first + workgroup_at(group, grid);
    let live = row < params.block.own_end;
    let end = select(0u, params.block.other_end, live);
    let place = params.block.own_from + row;
    let label = target_label(place);
    var state = no_extremes();
    for (var other = params.block.other_first + lane; other < end; other += 256u) {
        // no row is compared with itself
        if params.block.other_from + other != place {
            let same = same_label(label, target_label(params.block.other_from + other));
            state = merge_extremes(state, extremes_of(distances[distance_at(row, other)], same));
        }
    }
    lanes[lane] = state;
    workgroupBarrier();
    // sixteen lanes merge first, then one merges the sixteen: a barrier costs more than fifteen merges
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            state = merge_extremes(state, lanes[i]);
        }
        lanes[lane] = state;
    }
    workgroupBarrier();
    if live & (lane == 0u) {
        for (var i = 1u; i < params.sixteen; i += 1u) {
            state = merge_extremes(state, lanes[i]);
        }
        if is_nan(factors[params.block.own_base + row]) {
            state.flags |= UNKNOWN_OWN;
        }
        if params.block.fresh == 0u {
            state = merge_extremes(state, extremes[row]);
        }
        extremes[row] = state;
    }
}
