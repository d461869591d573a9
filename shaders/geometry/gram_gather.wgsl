// The products of an item's channels over a chunk of positions. Uses lib/params lib/math dtype/float operand/x0 operand/x1 operand/factors operand/grams geometry/row_elements geometry/rows geometry/tiles.
fn store_four(first: u32, row: u32, column: u32, four: vec4<f32>) {
    let columns = select(0u, params.classes, row < params.classes);
    let at = first + (row * params.classes) + column;
    if column < columns {
        grams[at] = four.x;
    }
    if column + 1u < columns {
        grams[at + 1u] = four.y;
    }
    if column + 2u < columns {
        grams[at + 2u] = four.z;
    }
    if column + 3u < columns {
        grams[at + 3u] = four.w;
    }
}

@compute @workgroup_size(256)
fn gram_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.classes + 63u) / 64u;
    let column = place % tiles;
    let row = (place / tiles) % tiles;
    let item = (place / (tiles * tiles)) % params.items;
    let chunk = place / (tiles * tiles * params.items);
    // workgroups beyond the last chunk find no position
    let begin = min(chunk * params.chunk, params.per_item);
    let end = min(begin + params.chunk, params.per_item);
    let first = item * params.classes;
    let dots = tile_products(
        mat4x4<f32>(),
        first + (64u * row),
        first + params.classes,
        first + (64u * column),
        first + params.classes,
        begin,
        end,
        lane,
    );
    if chunk >= params.chunks {
        return;
    }
    let matrix = (((params.block.first_chunk + chunk) * params.items) + item) * params.classes * params.classes;
    let own = (64u * row) + (4u * (lane / 16u));
    let other = (64u * column) + (4u * (lane % 16u));
    store_four(matrix, own, other, dots[0]);
    store_four(matrix, own + 1u, other, dots[1]);
    store_four(matrix, own + 2u, other, dots[2]);
    store_four(matrix, own + 3u, other, dots[3]);
}
