// Which of the products of 64 own rows with 64 others a lane owns: four own rows times sixteen others, in four quads.

// `lane_own` is the first of a lane's four own rows in the tile, `lane_other` the first other of one of its four quads.
fn lane_own(lane: u32) -> u32 {
    return 4u * (lane / 4u);
}

fn lane_other(lane: u32, quad: u32) -> u32 {
    return (16u * quad) + (4u * (lane % 4u));
}

// The number, from 0 to 3, of a lane among the four that have the same own rows.
fn lane_share(lane: u32) -> u32 {
    return lane % 4u;
}

// The first of the four elements that a lane loads, and the first of the four rows. Neighbouring lanes load neighbours in
// memory.
fn loads(lane: u32, across: bool) -> vec2<u32> {
    return select(vec2<u32>(lane % 4u, lane / 4u), vec2<u32>(lane / 16u, lane % 16u), across) * 4u;
}
