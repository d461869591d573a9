// Sigmoid loss of pairs: the twin of src/losses/similarity/siglip.rs. Uses lib/component lib/params lib/math fold/softmax fold/similarity.
fn similarity_scale() -> f32 {
    return 1.0;
}

fn similarity_pair(z: f32, similar: bool) -> PairScore {
    let wrong = select(z, -z, similar);
    return PairScore(softplus(wrong), select(sigmoid(wrong), -sigmoid(wrong), similar));
}
