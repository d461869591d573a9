// The number that a leaf of vectors gets for each row, where it needs none: 0.
fn row_at(i: u32) -> f32 {
    return 0.0;
}
