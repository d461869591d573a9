// The result of a pointwise leaf: the loss of an element and its derivatives.
struct ElementScore {
    loss: f32,
    d: vec4<f32>,
}
