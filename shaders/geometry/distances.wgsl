// What a leaf of vectors sees of a row, and what it returns.
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
