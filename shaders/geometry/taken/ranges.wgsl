// Which positions have met their greatest logit already, so that an equal one is not predicted too: marks for each position,
// where classes are walked in ranges.
// needs: geometry/region_quads scratch/softmaxes/ranges
fn is_taken(quad: Quad, round: u32, k: u32) -> vec4<bool> {
    return vec4<bool>(k != 0u) & marks_of(quad.at);
}

// Past the end, positions repeat the last one, which then gets its own mark again.
fn take(quad: Quad, round: u32, k: u32, greatest: vec4<bool>) {
    mark(quad.at, is_taken(quad, round, k) | greatest);
}
