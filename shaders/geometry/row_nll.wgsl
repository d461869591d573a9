// The leaf of a row whose loss is −log p of its label: the twin of `RowNll` in src/leaf/segments.rs.
// needs: fold/softmax
fn softmax_share(q: f32) -> f32 {
    return q;
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    return SoftmaxScore(s.nll, 1.0, 0.0, 0.0);
}
