// The distances of a block's own rows from its other rows; hardest_squares stores their squares first. Only one block of all
// pairs is held at a time.
// needs: lib/params
@group(0) @binding(21) var<storage, read_write> distances: array<f32>;

fn distance_at(own: u32, other: u32) -> u32 {
    let others = params.block.other_end - params.block.other_first;
    return ((own - params.block.own_first) * others) + (other - params.block.other_first);
}
