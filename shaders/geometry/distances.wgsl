// What a leaf of vectors sees of a row, and what it gives.
struct Distances {
    // of each pair of vectors; where cosines are measured 1 − cos
    d: vec3<f32>,
    // the cosine of the first pair where that is measured: it keeps the digits that 1 − d has not near 0
    cosine: f32,
}

struct VectorsScore {
    loss: f32,
    // with respect to each distance
    d: vec3<f32>,
}
