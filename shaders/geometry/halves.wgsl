// Where sixteen elements of 64 rows lie in workgroup memory, as f16, so that matrices can be loaded from there.

// The entry of an element, at which a quad or a matrix begins. An entry has four elements of a row, and row follows upon row; or,
// across, an element of four rows, and element follows upon element, for sixteen rows after sixteen. Either way the next
// row, or the next element, is four entries further on.
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
