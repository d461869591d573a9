// Softmax focal loss: the twin of src/losses/softmax/softmax_focal.rs.
// needs: lib/math lib/params fold/softmax
const GAMMA: u32 = 0u;

fn softmax_share(q: f32) -> f32 {
    return q;
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    let gamma = option(GAMMA);
    // miss^gamma by exp and log, because WGSL's pow is undefined at 0
    var focus = 1.0;
    if gamma > 0.0 {
        focus = select(0.0, exp_negative(-gamma * log(s.miss)), s.miss > 0.0);
    }
    // p·nll/miss: it tends to 1 as miss goes to 0, and is 0 for p = 0, although nll may be infinite there
    var ratio = 1.0;
    if s.miss > 0.0 {
        ratio = part_of(1.0 - s.miss, s.nll) / s.miss;
    }
    return SoftmaxScore(part_of(s.weight * focus, s.nll), s.weight * focus * (1.0 + (gamma * ratio)), 0.0, 0.0);
}
