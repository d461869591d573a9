// The next level of pictures, which has half the columns and lines, rounded up. A side of odd length is padded with a zero at
// its beginning.
// needs: lib/params
fn coarser_size() -> vec2<u32> {
    return (vec2<u32>(params.block.width, params.block.height) + vec2<u32>(1u)) / vec2<u32>(2u);
}

// How many zeros are put before the columns (x) and before the lines (y).
fn zeros_before() -> vec2<u32> {
    return vec2<u32>(params.block.width & 1u, params.block.height & 1u);
}

// The place of a pixel of the next level in scratch memory. `block.other_from` is where plane 0 would begin.
fn coarser_place(plane: u32, at: vec2<u32>) -> u32 {
    let size = coarser_size();
    return params.block.other_from + (((plane * size.y) + at.y) * size.x) + at.x;
}
