// FILL IN: name: the twin of src/losses/softmax/{id}.rs.
// needs: lib/math lib/params fold/softmax
const SCALE: u32 = 0u;

fn softmax_share(q: f32) -> f32 {
    return q;
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    return SoftmaxScore(part_of(option(SCALE), s.nll), option(SCALE), 0.0, 0.0);
}
