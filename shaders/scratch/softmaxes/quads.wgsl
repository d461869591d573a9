// The peak of each position's softmax, and the rest, the sum of exp(x − peak) over all classes but the peak's. They are stored
// for four neighbouring positions at a time.
// needs: lib/params
// slots: activation
@group(0) @binding(18) var<storage, read_write> softmax_quads: array<vec4<f32>>;

fn softmaxes_at(at: vec4<u32>) -> Softmaxes {
    let first = (2u * (at.x >> 2u)) + base(18u);
    return softmax_of(softmax_quads[first], softmax_quads[first + 1u]);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Softmaxes {
    let first = (2u * (at.x >> 2u)) + base(18u);
    softmax_quads[first] = peak;
    softmax_quads[first + 1u] = rest;
    return softmax_of(peak, rest);
}
