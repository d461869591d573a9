// The probabilities of four positions' class, and what the derivatives by all classes of a position pull at each.
struct Probable {
    p: vec4<f32>,
    // 1 − p, with its digits
    q: vec4<f32>,
    // whether the class has more than half of a softmax, or may have
    first: vec4<bool>,
}

// Σ p·slope over the classes of a position: of the first, and of all others.
struct Pull {
    others: vec4<f32>,
    first: vec4<f32>,
}
