// The row and the column of an element. A division is dear: a walk makes one, and goes on by sums.
// needs: lib/params
fn cell_at(i: u32) -> vec2<u32> {
    return vec2<u32>(i / params.columns, i % params.columns);
}

// The cell that lies so many rows and columns after another: of these fewer than a row has, so that it wraps once at most.
fn cell_after(cell: vec2<u32>, by: vec2<u32>) -> vec2<u32> {
    let there = cell + by;
    return select(there, vec2<u32>(there.x + 1u, there.y - params.columns), there.y >= params.columns);
}
