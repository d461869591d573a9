// What a pointwise leaf returns: the loss of an element and its derivatives.
struct ElementScore {
    loss: f32,
    d: vec4<f32>,
}
