// Where sixteen elements of 64 rows lie in workgroup memory, as f16, so that matrices can be loaded from there.

// The entry that holds an element, for a quad or a matrix that begins at this element. Without `across`, an entry has four
// elements of a row, and the next row is four entries further on. With `across`, an entry has one element of four rows, and the
// next element of the same rows is four entries further on; the next sixteen rows follow after all sixteen elements.
fn half_at(row: u32, k: u32, across: bool) -> u32 {
    return select((4u * row) + (k / 4u), (64u * (row / 16u)) + (4u * k) + ((row % 16u) / 4u), across);
}

// Four elements of four rows, a column for each entry, from a column for each element.
fn by_entry(four: mat4x4<f32>, across: bool) -> mat4x4<f32> {
    if across {
        return four;
    }
    return transpose(four);
}
