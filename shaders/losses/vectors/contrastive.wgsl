// Contrastive loss: the twin of src/losses/vectors/contrastive.rs.
// needs: lib/math lib/params geometry/distances
const MARGIN: u32 = 0u;

fn vectors_p() -> f32 {
    return 2.0;
}

fn vectors_eps() -> f32 {
    return 1e-6;
}

fn vectors_score(seen: Distances, t: f32) -> VectorsScore {
    let d = seen.d.x;
    // 0·∞ is NaN, which a compiler may fold to 0
    if is_infinite(t) | ((t == 0.0) & is_infinite(d)) {
        return VectorsScore(nan(), vec3<f32>(nan()));
    }
    let short = max(option(MARGIN) - d, 0.0);
    let loss = 0.5 * ((t * d * d) + ((1.0 - t) * short * short));
    return VectorsScore(loss, vec3<f32>((t * d) - ((1.0 - t) * short), 0.0, 0.0));
}
