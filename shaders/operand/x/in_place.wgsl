// An f32 element operand that its gradient overwrites; fills the slots x0 and dx0. One binding serves both, since a shader may
// not write to a binding that aliases another. The kernels read each element before they write it.
// needs: lib/params dtype/float
@group(0) @binding(2) var<storage, read_write> x0: array<u32>;

override X0_DTYPE: u32 = 0u;

fn x0_at(i: u32) -> f32 {
    let element = i + base(2u);
    return decode(x0[word_of(element, X0_DTYPE)], element, X0_DTYPE);
}

fn store_dx0(i: u32, d: f32) {
    x0[i + base(2u)] = bitcast<u32>(d);
}

fn store_dx0_four(i: u32, d: vec4<f32>) {
    store_dx0(i, d.x);
    store_dx0(i + 1u, d.y);
    store_dx0(i + 2u, d.z);
    store_dx0(i + 3u, d.w);
}

fn x0_four(i: u32) -> vec4<f32> {
    return vec4<f32>(x0_at(i), x0_at(i + 1u), x0_at(i + 2u), x0_at(i + 3u));
}
