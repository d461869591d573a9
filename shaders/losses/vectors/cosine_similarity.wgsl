// Cosine similarity loss: the twin of src/losses/vectors/cosine_similarity.rs.
// needs: geometry/distances
fn vectors_score(seen: Distances, t: f32) -> VectorsScore {
    let error = select(seen.cosine - t, (1.0 - t) - seen.d.x, seen.cosine > 0.5);
    return VectorsScore(error * error, vec3<f32>(-2.0 * error, 0.0, 0.0));
}
