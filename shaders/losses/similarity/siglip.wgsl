// Sigmoid loss of pairs: the twin of src/losses/similarity/siglip.rs.
// needs: lib/math fold/similarity
fn similarity_scale() -> f32 {
    return 1.0;
}

fn similarity_pair(z: f32, similar: bool) -> PairScore {
    let wrong = select(z, -z, similar);
    return PairScore(softplus(wrong), select(sigmoid(wrong), -sigmoid(wrong), similar));
}
