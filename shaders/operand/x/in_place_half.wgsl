// An element operand of 16 bits that its gradient overwrites; fills the slots x0 and dx0. A word's two halves may belong to two
// invocations. Each changes only the bits of its own half, so that the other can still read its half.
// needs: lib/params dtype/float dtype/half
@group(0) @binding(2) var<storage, read_write> x0: array<atomic<u32>>;

override X0_DTYPE: u32 = 1u;

fn x0_at(i: u32) -> f32 {
    let element = i + base(2u);
    return decode(atomicLoad(&x0[element >> 1u]), element, X0_DTYPE);
}

fn store_dx0(i: u32, d: f32) {
    let element = i + base(2u);
    let word = atomicLoad(&x0[element >> 1u]);
    atomicXor(&x0[element >> 1u], flipped(word, element, d, false, X0_DTYPE));
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
