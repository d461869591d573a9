// Computes tiles of scores, and writes to `chunk_states` the state of each row over a chunk of tiles.
// needs: lib/params scratch/states fold/softmax geometry/lane_products
// slots: absorb block_products pairs softmax_state tile_products
// states of half of the rows at a time, so that workgroup memory has room for the tiles and for states with observations
var<workgroup> states: array<State, 128>;

// Merges the states of a row, which four lanes share.
fn states_merged(first: u32) -> State {
    return fold_merge(fold_merge(states[first], states[first + 1u]), fold_merge(states[first + 2u], states[first + 3u]));
}

@compute @workgroup_size(64)
fn tiles_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let chunks = (tiles + params.block.chunk - 1u) / params.block.chunk;
    let chunk = place % chunks;
    let first_own = params.block.own_first + (64u * (place / chunks));
    let own = first_own + lane_own(lane);
    let row_a = own_row(own);
    let row_b = own_row(own + 1u);
    let row_c = own_row(own + 2u);
    let row_d = own_row(own + 3u);
    var a = fold_empty();
    var b = fold_empty();
    var c = fold_empty();
    var d = fold_empty();
    let count = params.block.chunk;
    for (var i = 0u; i < count; i += 1u) {
        // the last tiles of the last chunk may have no others
        let first_other = params.block.other_first + (64u * ((chunk * params.block.chunk) + i));
        let sums = tile_products(no_products(), first_own, first_other, 0u, params.block.width, lane);
        keep_products(first_own, first_other, lane, sums);
        var by_other = products_by_other(sums);
        for (var e = 0u; e < 16u; e += 1u) {
            let other = first_other + lane_other(lane, e / 4u) + (e % 4u);
            if other < params.block.other_end {
                let products = by_other[e];
                let row = other_row(other);
                pair_absorb(&a, pair_score(products.x, row_a, row), row_a, row);
                pair_absorb(&b, pair_score(products.y, row_b, row), row_b, row);
                pair_absorb(&c, pair_score(products.z, row_c, row), row_c, row);
                pair_absorb(&d, pair_score(products.w, row_d, row), row_d, row);
            }
        }
    }
    // four lanes share each row, and each has a state of it; of four neighbouring rows the first two are merged first
    let first = (2u * lane_own(lane)) + lane_share(lane);
    let of_row = (8u * (lane / 4u)) + (4u * (lane % 2u));
    states[first] = a;
    states[first + 4u] = b;
    workgroupBarrier();
    var merged = states_merged(of_row);
    workgroupBarrier();
    states[first] = c;
    states[first + 4u] = d;
    workgroupBarrier();
    if (lane % 4u) >= 2u {
        merged = states_merged(of_row);
    }
    let row = first_own + lane;
    if row < params.block.own_end {
        chunk_states[((row - params.block.own_first) * params.block.chunks) + params.block.first_chunk + chunk] = merged;
    }
}
