// The mask of a row of a linear layer, in the gradient's walk: 0 if the derivative of the loss with respect to −log p of the
// row's label is 0, as it is where the row or its segment takes no part.
// needs: geometry/segment_slope
fn mask_at(i: u32) -> f32 {
    // compares bits, since compilers may find a NaN equal to 0
    return select(1.0, 0.0, (bitcast<u32>(segment_slope(i)) & 0x7fffffffu) == 0u);
}
