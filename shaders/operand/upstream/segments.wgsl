// The upstream gradient of a row of a linear layer: the derivative of the loss with respect to −log p of the row, from its
// segment.
// needs: geometry/segment_slope
fn upstream_at(i: u32) -> f32 {
    return segment_slope(i);
}
