// The state of each row over a chunk of tiles. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/x1 operand/factors absent/labels absent/similarity absent/logit_scale absent/logit_bias fold/softmax fold/similarity absent/similarity_pair operand/states geometry/row_elements geometry/rows geometry/tiles geometry/similarity_pairs geometry/similarity_absorb.
var<workgroup> states: array<State, 256>;

fn absorb_four(state: ptr<function, State>, four: vec4<f32>, own: u32, other: u32) {
    let live = select(0u, params.block.other_end, own < params.block.own_end);
    if other < live {
        pair_absorb(state, pair_score(four.x, own, other), own, other);
    }
    if other + 1u < live {
        pair_absorb(state, pair_score(four.y, own, other + 1u), own, other + 1u);
    }
    if other + 2u < live {
        pair_absorb(state, pair_score(four.z, own, other + 2u), own, other + 2u);
    }
    if other + 3u < live {
        pair_absorb(state, pair_score(four.w, own, other + 3u), own, other + 3u);
    }
}

// Merges the sixteen lanes' states of a row, and leaves the row's among those of its chunks.
fn leave_state(state: State, own: u32, chunk: u32, lane: u32) {
    states[lane] = state;
    workgroupBarrier();
    if ((lane % 16u) == 0u) && (own < params.block.own_end) {
        var merged = state;
        for (var other = lane + 1u; other < lane + 16u; other += 1u) {
            merged = fold_merge(merged, states[other]);
        }
        chunk_states[((own - params.block.own_first) * params.block.chunks) + params.block.first_chunk + chunk] = merged;
    }
    workgroupBarrier();
}

@compute @workgroup_size(256)
fn tiles_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.block.other_end + 63u) / 64u;
    let chunks = (tiles + params.block.chunk - 1u) / params.block.chunk;
    let chunk = place % chunks;
    let first_own = params.block.own_first + (64u * (place / chunks));
    let own = first_own + (4u * (lane / 16u));
    var a = fold_empty();
    var b = fold_empty();
    var c = fold_empty();
    var d = fold_empty();
    for (var i = 0u; i < params.block.chunk; i += 1u) {
        // the last chunk's last tiles may have no others
        let tile = (chunk * params.block.chunk) + i;
        let dots = tile_products(
            mat4x4<f32>(), first_own, params.block.own_end, 64u * tile, params.block.other_end, 0u, params.per_item, lane
        );
        let other = (64u * tile) + (4u * (lane % 16u));
        absorb_four(&a, dots[0], own, other);
        absorb_four(&b, dots[1], own + 1u, other);
        absorb_four(&c, dots[2], own + 2u, other);
        absorb_four(&d, dots[3], own + 3u, other);
    }
    leave_state(a, own, chunk, lane);
    leave_state(b, own + 1u, chunk, lane);
    leave_state(c, own + 2u, chunk, lane);
    leave_state(d, own + 3u, chunk, lane);
}
