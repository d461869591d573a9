// Generalized cross-entropy: the twin of src/losses/softmax/generalized_cross_entropy.rs.
// needs: lib/math lib/params fold/softmax
const Q: u32 = 0u;

fn softmax_share(q: f32) -> f32 {
    return q;
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    let q = option(Q);
    let surprise = part_of(q, s.nll);
    // Where the product is next to nothing, the loss is that for a q of 0. The product may be subnormal, and then has few digits or,
    // on some devices, none.
    let is_limit = surprise < 1e-9;
    let loss = select(-expm1(-surprise) / q, s.nll, is_limit);
    let slope = select(exp_negative(surprise), 1.0, is_limit);
    return SoftmaxScore(part_of(s.weight, loss), s.weight * slope, 0.0, 0.0);
}
