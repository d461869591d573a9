// Poly-1 cross-entropy: the twin of src/losses/softmax/poly_cross_entropy.rs.
// needs: lib/math lib/params fold/softmax
const EPSILON: u32 = 0u;

fn softmax_share(q: f32) -> f32 {
    return q;
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    let epsilon = option(EPSILON);
    let is_less = epsilon < 0.0;
    // neither term is negative: −log p − (1 − p) is exp(y) − 1 − y for y = log p
    let less = part_of(1.0 + epsilon, s.nll) - (epsilon * exp_excess(-s.nll));
    let loss = select(s.nll + (epsilon * s.miss), less, is_less);
    let slope = select(1.0 + (epsilon * (1.0 - s.miss)), (1.0 + epsilon) - (epsilon * s.miss), is_less);
    return SoftmaxScore(part_of(s.weight, loss), s.weight * slope, 0.0, 0.0);
}
