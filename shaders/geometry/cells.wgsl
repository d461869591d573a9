// The row and column of an element. A walk divides once and then adds, because a division is expensive.
// needs: lib/params
fn cell_at(i: u32) -> vec2<u32> {
    return vec2<u32>(i / params.columns, i % params.columns);
}

// The cell `by` rows and columns after another. `by` has fewer columns than a row, so that the sum wraps once at most.
fn cell_after(cell: vec2<u32>, by: vec2<u32>) -> vec2<u32> {
    let there = cell + by;
    return select(there, vec2<u32>(there.x + 1u, there.y - params.columns), there.y >= params.columns);
}
