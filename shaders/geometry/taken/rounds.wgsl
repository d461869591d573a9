// Which positions have met their greatest logit already, so that an equal one is not predicted too: marks for each round of a
// lane.
// needs: geometry/region_quads
var<private> taken: array<vec4<bool>, 16>;

fn is_taken(quad: Quad, round: u32, k: u32) -> vec4<bool> {
    return taken[round];
}

fn take(quad: Quad, round: u32, k: u32, greatest: vec4<bool>) {
    taken[round] = taken[round] | greatest;
}
