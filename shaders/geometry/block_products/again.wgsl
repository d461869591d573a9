// The products of a block are not kept: the kernel that computes slopes computes them again.
// needs: lib/params geometry/lane_products
// slots: tile_products
fn keep_products(first_own: u32, first_other: u32, lane: u32, sums: Products) {}

fn block_products(first_own: u32, first_other: u32, lane: u32) -> Products {
    return tile_products(no_products(), first_own, first_other, 0u, params.block.width, lane);
}
