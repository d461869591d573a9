// Cosine embedding loss: the twin of src/losses/vectors/cosine_embedding.rs.
// needs: lib/params geometry/distances
const MARGIN: u32 = 0u;

fn vectors_score(seen: Distances, t: f32) -> VectorsScore {
    let over = seen.cosine - option(MARGIN);
    if t == 1.0 {
        return VectorsScore(seen.d.x, vec3<f32>(1.0, 0.0, 0.0));
    }
    if (t == -1.0) & (over >= 0.0) {
        return VectorsScore(over, vec3<f32>(-1.0, 0.0, 0.0));
    }
    return VectorsScore(0.0, vec3<f32>(0.0));
}
