// The next level of pictures: half the columns and lines, rounded up. A side of odd length has a zero before it.
// needs: lib/params
fn coarser_size() -> vec2<u32> {
    return (vec2<u32>(params.block.width, params.block.height) + vec2<u32>(1u)) / vec2<u32>(2u);
}

// How many zeros stand before a line and a column.
fn zeros_before() -> vec2<u32> {
    return vec2<u32>(params.block.width & 1u, params.block.height & 1u);
}

// The place of a pixel of the next level, of which plane 0 would begin at `block.other_from`.
fn coarser_place(plane: u32, at: vec2<u32>) -> u32 {
    let size = coarser_size();
    return params.block.other_from + (((plane * size.y) + at.y) * size.x) + at.x;
}
