// The peak of each position's softmax, and the rest, the sum of exp(x − peak) over all classes but the peak's. They are stored
// for one position at a time.
// needs: lib/params
// slots: activation
@group(0) @binding(18) var<storage, read_write> softmaxes: array<vec2<f32>>;

fn softmaxes_at(at: vec4<u32>) -> Softmaxes {
    let a = softmaxes[at.x + base(18u)];
    let b = softmaxes[at.y + base(18u)];
    let c = softmaxes[at.z + base(18u)];
    let d = softmaxes[at.w + base(18u)];
    return softmax_of(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(a.y, b.y, c.y, d.y));
}

// Past the end, `at` repeats the last position, which then gets its own state again.
fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Softmaxes {
    softmaxes[at.x + base(18u)] = vec2<f32>(peak.x, rest.x);
    softmaxes[at.y + base(18u)] = vec2<f32>(peak.y, rest.y);
    softmaxes[at.z + base(18u)] = vec2<f32>(peak.z, rest.z);
    softmaxes[at.w + base(18u)] = vec2<f32>(peak.w, rest.w);
    return softmax_of(peak, rest);
}
