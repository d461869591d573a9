// The products of a tile of 64 own rows with 64 others, computed by way of workgroup memory.
// needs: lib/params geometry/lane_products geometry/tile_products/quads_of_lanes

// Sixteen elements of 64 own rows, then of 64 others, four rows to an entry. A pitch of 17 keeps lanes that write at once
// out of each other's banks. Kernels use this memory again for what they compute from the products.
var<workgroup> tile: array<vec4<f32>, 544>;

const OTHERS: u32 = 272u;

fn stage(at: u32, place: vec2<u32>, four: mat4x4<f32>) {
    let entry = at + (17u * place.x) + (place.y / 4u);
    tile[entry] = four[0];
    tile[entry + 17u] = four[1];
    tile[entry + 34u] = four[2];
    tile[entry + 51u] = four[3];
}

// Adds the products at the element `k` of the sixteen in workgroup memory to the sums.
fn add_staged(sums: Products, k: u32, lane: u32) -> Products {
    let own = tile[(17u * k) + (lane / 4u)];
    let entry = OTHERS + (17u * k) + (lane % 4u);
    return Products(
        add_products(sums.a, own, tile[entry]),
        add_products(sums.b, own, tile[entry + 4u]),
        add_products(sums.c, own, tile[entry + 8u]),
        add_products(sums.d, own, tile[entry + 12u]),
    );
}

// Returns `start` plus the products of the tile's rows from `own` on with those from `other` on, over the elements from `begin`
// to `end`. Sixteen elements are summed first, so that the long sum has few steps. The bits do not depend on which side is the
// own side; nor on how the elements are divided among calls, if each call but the last has a multiple of sixteen.
fn tile_products(start: Products, own: u32, other: u32, begin: u32, end: u32, lane: u32) -> Products {
    let a = loads(lane, OWN_ACROSS);
    let b = loads(lane, OTHER_ACROSS);
    let by_own = own_factors(own + a.y);
    let by_other = other_factors(other + b.y);
    var sums = start;
    let steps = params.block.steps;
    for (var step = 0u; step < steps; step += 1u) {
        let first = begin + (16u * step);
        stage(0u, a, own_four(own + a.y, first + a.x, end, by_own));
        stage(OTHERS, b, other_four(other + b.y, first + b.x, end, by_other));
        workgroupBarrier();
        var few = no_products();
        for (var k = 0u; k < 16u; k += 4u) {
            few = add_staged(few, k, lane);
            few = add_staged(few, k + 1u, lane);
            few = add_staged(few, k + 2u, lane);
            few = add_staged(few, k + 3u, lane);
        }
        sums = add_sums(sums, few);
        workgroupBarrier();
    }
    return sums;
}
