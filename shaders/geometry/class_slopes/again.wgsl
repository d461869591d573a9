// The slopes of classes (derivatives with respect to their probabilities), computed each time that they are needed.
// needs: geometry/region_quads geometry/region_slopes
// slots: activation
fn slope_first(quad: Quad, k: u32, softmaxes: Softmaxes) -> Slope {
    return slope_of(quad, k, softmaxes);
}

fn slope_again(quad: Quad, k: u32, softmaxes: Softmaxes) -> Slope {
    return slope_of(quad, k, softmaxes);
}
