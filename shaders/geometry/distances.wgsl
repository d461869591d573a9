// The view that a leaf of vectors has of a row, and its result.
struct Distances {
    // the distance of each pair of vectors, or 1 − cos if the fold measures cosines
    d: vec3<f32>,
    // the cosine of the first pair, if the fold measures it: near 0 it has digits that 1 − cos has lost
    cosine: f32,
}

struct VectorsScore {
    loss: f32,
    // the derivatives with respect to each distance
    d: vec3<f32>,
}

// The gradients at four neighbouring coordinates of each vector.
struct FourSlopes {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
}

// Whether a sum that was taken without care is far from overflow, and so large that what vanished beside it does not show. A NaN
// is not.
fn is_quick(sum: f32) -> bool {
    let bits = bitcast<u32>(sum);
    // from 2^-60 to 2^60
    return (bits >= 0x21800000u) & (bits < 0x5d800000u);
}
