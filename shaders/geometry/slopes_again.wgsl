// Derivatives that are made again for the gradients. Uses lib/component lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels operand/coefficients geometry/probable activation/softmax geometry/places geometry/region geometry/logits_read geometry/region_quads geometry/region_slopes.
fn slope_first(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    return slope_of(quad, k, pixels);
}

fn slope_again(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    return slope_of(quad, k, pixels);
}
