// The slopes of classes (derivatives with respect to their probabilities), where classes are few: a lane computes them once for
// the mean slope, and keeps them for the gradients.
// needs: geometry/region_quads geometry/region_slopes
// slots: activation classes
var<private> kept_slopes: array<Slope, CLASSES>;

fn slope_first(quad: Quad, k: u32, softmaxes: Softmaxes) -> Slope {
    kept_slopes[k] = slope_of(quad, k, softmaxes);
    return kept_slopes[k];
}

fn slope_again(quad: Quad, k: u32, softmaxes: Softmaxes) -> Slope {
    if COUPLED {
        return kept_slopes[k];
    }
    return slope_of(quad, k, softmaxes);
}
