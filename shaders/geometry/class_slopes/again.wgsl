// The slopes of classes, computed again for the gradients.
// needs: geometry/region_quads geometry/region_slopes
// slots: activation
fn slope_first(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    return slope_of(quad, k, pixels);
}

fn slope_again(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    return slope_of(quad, k, pixels);
}
