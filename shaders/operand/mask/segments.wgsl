// A row takes part if its segment does. A slope of 0 leaves no gradient of it.
// needs: geometry/segment_slope
fn mask_at(i: u32) -> f32 {
    // compares bits, since compilers may find a NaN equal to 0
    return select(1.0, 0.0, (bitcast<u32>(segment_slope(i)) & 0x7fffffffu) == 0u);
}
