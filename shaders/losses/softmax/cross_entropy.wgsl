// Cross-entropy: the twin of src/losses/softmax/cross_entropy.rs.
// needs: lib/math lib/params fold/softmax
const LABEL_SMOOTHING: u32 = 0u;
const Z_LOSS: u32 = 1u;

// The share of a class with the target q. In a fused loss a single channel means two classes, which is why at least 2 share the
// smoothing. If there is really one class, the loss is 0 whatever its share.
fn softmax_share(q: f32) -> f32 {
    return ((1.0 - option(LABEL_SMOOTHING)) * q) + (option(LABEL_SMOOTHING) / f32(max(params.all_classes, 2u)));
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    let own = 1.0 - option(LABEL_SMOOTHING);
    let z = option(Z_LOSS);
    // z·lse² where lse² is past f32 and the product is not
    let extra = part_of(part_of(z, s.lse), s.lse);
    return SoftmaxScore(part_of(own * s.weight, s.nll) + s.spread, own * s.weight, extra, 2.0 * z * s.lse);
}
