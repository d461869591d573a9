// The products of a block that holds all pairs: the kernel of the statistics stores them in `slopes`, and the kernel that
// computes slopes reads them there, before it overwrites them.
// needs: lib/component lib/params scratch/slopes geometry/lane_products
// slots: tile_products

// The entry of the products of row `own` with the quad of others at `other`.
fn kept_at(own: u32, other: u32) -> u32 {
    return (own * slope_pitch(params.block.other_end)) + (other / 4u);
}

fn keep_quad(own: u32, other: u32, sums: mat4x4<f32>) {
    var by_row = columns(transpose(sums));
    let pitch = slope_pitch(params.block.other_end);
    for (var i = 0u; i < 4u; i += 1u) {
        if (own + i < params.block.own_end) & (other < params.block.other_end) {
            slopes[kept_at(own, other) + (i * pitch)] = by_row[i];
        }
    }
}

fn kept_quad(own: u32, other: u32) -> mat4x4<f32> {
    let entry = kept_at(own, other);
    let pitch = slope_pitch(params.block.other_end);
    return transpose(
        mat4x4<f32>(slopes[entry], slopes[entry + pitch], slopes[entry + (2u * pitch)], slopes[entry + (3u * pitch)])
    );
}

fn keep_products(first_own: u32, first_other: u32, lane: u32, sums: Products) {
    let own = first_own + lane_own(lane);
    keep_quad(own, first_other + lane_other(lane, 0u), sums.a);
    keep_quad(own, first_other + lane_other(lane, 1u), sums.b);
    keep_quad(own, first_other + lane_other(lane, 2u), sums.c);
    keep_quad(own, first_other + lane_other(lane, 3u), sums.d);
}

fn block_products(first_own: u32, first_other: u32, lane: u32) -> Products {
    let own = first_own + lane_own(lane);
    return Products(
        kept_quad(own, first_other + lane_other(lane, 0u)),
        kept_quad(own, first_other + lane_other(lane, 1u)),
        kept_quad(own, first_other + lane_other(lane, 2u)),
        kept_quad(own, first_other + lane_other(lane, 3u)),
    );
}
