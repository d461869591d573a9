// Which of the products of 64 own rows with 64 others a lane owns: four own rows times sixteen others, in four quads.

// `lane_own` is the first of a lane's four own rows, `lane_other` the first of one of its quads of others.
fn lane_own(lane: u32) -> u32 {
    return 4u * (lane / 4u);
}

fn lane_other(lane: u32, quad: u32) -> u32 {
    return (16u * quad) + (4u * (lane % 4u));
}

// Which of the four lanes that share their own rows this one is.
fn lane_share(lane: u32) -> u32 {
    return lane % 4u;
}

// Which four of the sixteen elements a lane loads, and of which four rows. Neighbouring lanes load neighbours in memory.
fn loads(lane: u32, across: bool) -> vec2<u32> {
    return select(vec2<u32>(lane % 4u, lane / 4u), vec2<u32>(lane / 16u, lane % 16u), across) * 4u;
}
