// Triplet margin loss: the twin of src/losses/vectors/triplet_margin.rs.
// needs: lib/math lib/params geometry/distances
override SWAP: bool = false;
const MARGIN: u32 = 0u;
const P: u32 = 1u;
const EPS: u32 = 2u;

fn vectors_p() -> f32 {
    return option(P);
}

fn vectors_eps() -> f32 {
    return option(EPS);
}

fn vectors_score(seen: Distances, t: f32) -> VectorsScore {
    // the derivatives of the negative's distance with respect to d.y and d.z; with SWAP it is the lesser of the two
    var shares = vec2<f32>(1.0, 0.0);
    if SWAP & (seen.d.z == seen.d.y) {
        shares = vec2<f32>(0.5, 0.5);
    } else if SWAP & (seen.d.z < seen.d.y) {
        shares = vec2<f32>(0.0, 1.0);
    }
    let lesser = select(seen.d.y, seen.d.z, shares.y > 0.0);
    let loss = difference(seen.d.x, lesser) + option(MARGIN);
    // a compiler may evaluate a comparison with NaN as true
    if (loss < 0.0) & !is_nan(loss) {
        return VectorsScore(0.0, vec3<f32>(0.0));
    }
    return VectorsScore(loss, vec3<f32>(1.0, -shares));
}
