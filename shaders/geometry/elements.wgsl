// Computes the loss of each element or box, or the mean loss of each item's elements, and gradients in the same pass. Items may
// be sequences. Each workgroup leaves a tally.
// needs: lib/math lib/params lib/tally lib/workspace geometry/cells
// slots: components count element_observation items losses mask sample_weight sequence_slopes upstream weight

// whether a value belongs to an item rather than to an element
override BY_ITEM: bool = false;
// whether the loss is the mean over sequences of the mean over each one's elements
override SEQUENCE_MEAN: bool = false;
// whether this dispatch tallies; a second dispatch, which writes further gradients, does not
override COUNTS: bool = true;
// how many lanes walk a contiguous range of a chunk together
override TEAM: u32 = 256u;
// whether the leaf comes from outside this library: it may have any number of branches, and SwiftShader would take hours to
// compile four copies of it in a row, but not if each copy stands in an `if` without `else`
override FOREIGN_LEAF: bool = false;

// What an element adds to the sum of losses, and its gradients.
struct Visit {
    loss: f32,
    d: vec4<f32>,
}

fn not_visited() -> Visit {
    return Visit(0.0, vec4<f32>(0.0));
}

fn visit(i: u32, item: u32, of_item: vec4<f32>, scale: f32, seen: Seen, tally: ptr<function, Tally>) -> Visit {
    let score = score_seen(seen, of_item.xyz);
    // there are no branches: an element that takes no part is computed too, and then left out
    let value = select(i, item, BY_ITEM);
    let live = (mask_at(i) != 0.0) & (of_item.w != 0.0);
    let weight = weight_at(i);
    let factor = sampled(value, weight);
    // 0 times infinity is NaN, which a compiler may fold to 0: of a factor and a loss, or of a loss and a factor
    let zero_times_infinity = ((factor == 0.0) & is_infinite(score.loss)) | ((score.loss == 0.0) & is_infinite(factor));
    let unknown = zero_times_infinity | is_nan(of_item.x) | is_nan(factor) | is_nan(score.loss);
    let loss = select(0.0, select(factor * score.loss, nan(), unknown), live);
    // upstream_at contains the sample weight
    let d = score.d * product(product(weight, scale), upstream_at(value));
    observe_element(live, seen);
    if !BY_ITEM {
        emit_loss(i, params.weight * loss);
        (*tally).weight += select(0.0, factor, live);
        (*tally).count += select(NO_COUNT, count_at(value), live);
    }
    (*tally).poison |= select(0u, 1u, live & unknown);
    return Visit(loss, select(vec4<f32>(0.0), select(d, vec4<f32>(nan()), unknown), live));
}

@compute @workgroup_size(256)
fn elements(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let item = workgroup / params.chunks;
    let start = (item * params.per_item) + ((workgroup % params.chunks) * params.chunk);
    let live = item < params.items;
    let end = select(start, min(start + params.chunk, (item + 1u) * params.per_item), live);
    let of_item = item_at(min(item, params.items - 1u));
    let mean = select(select(1.0, of_item.w, SEQUENCE_MEAN), 1.0 / f32(max(params.per_item, 1u)), BY_ITEM);
    let scale = mean * scales().x;

    // Four elements are summed first, so that the long sum has fewer steps.
    var tally = tally_none();
    let rounds = params.chunk / 1024u;
    let always = !FOREIGN_LEAF | (params.sixteen == 16u);
    var i = start + (4u * (((lane / TEAM) * TEAM * rounds) + (lane % TEAM)));
    var cell = cell_at(i);
    let step = cell_at(4u * TEAM);
    for (var round = 0u; round < rounds; round += 1u) {
        if i + 4u <= end {
            let four = four_at(i, cell);
            var a = not_visited();
            var b = not_visited();
            var c = not_visited();
            var d = not_visited();
            if always {
                a = visit(i, item, of_item, scale, four.a, &tally);
            }
            if always {
                b = visit(i + 1u, item, of_item, scale, four.b, &tally);
            }
            if always {
                c = visit(i + 2u, item, of_item, scale, four.c, &tally);
            }
            if always {
                d = visit(i + 3u, item, of_item, scale, four.d, &tally);
            }
            store_four(i, mat4x4<f32>(a.d, b.d, c.d, d.d));
            note_slopes(vec4<f32>(a.d.x, b.d.x, c.d.x, d.d.x));
            tally.sum += (a.loss + b.loss) + (c.loss + d.loss);
        }
        i += 4u * TEAM;
        cell = cell_after(cell, step);
    }
    // the last elements, which fill no quad, have one writer, since `store_dx0` may rewrite their whole quad
    let left = select(end, end - ((end - start) & 3u), lane == 0u);
    for (i = left; i < end; i += 1u) {
        let one = visit(i, item, of_item, scale, seen_at(i), &tally);
        store(i, one.d);
        note_slopes(vec4<f32>(one.d.x, 0.0, 0.0, 0.0));
        tally.sum += one.loss;
    }
    if COUNTS {
        tally.sum *= mean;
        // the mean of no elements is NaN
        tally.poison |= select(0u, 1u, BY_ITEM & live & (params.per_item == 0u));
        if BY_ITEM & live & (lane == 0u) & ((workgroup % params.chunks) == 0u) & (of_item.w != 0.0) {
            tally.count = count_at(item);
            tally.weight = sampled(item, 1.0);
        }
        let merged = tally_workgroup(tally, lane);
        if live & (lane == 0u) {
            workspace.tallies[workgroup] = merged;
        }
        observe_workgroup(workgroup, live, lane);
        keep_slopes(workgroup, live, lane);
    }
}
