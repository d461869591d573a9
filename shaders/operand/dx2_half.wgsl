// The gradient of the third element operand in 16 bits, stored or added to what is there. Uses lib/component lib/params dtype/float dtype/half.
@group(0) @binding(8) var<storage, read_write> dx2: array<atomic<u32>>;

override DX2_ADD: bool = false;
override DX2_DTYPE: u32 = 1u;

fn store_dx2(i: u32, d: f32) {
    let element = i + base(8u);
    let word = atomicLoad(&dx2[element >> 1u]);
    atomicXor(&dx2[element >> 1u], flipped(word, element, d, DX2_ADD, DX2_DTYPE));
}

fn store_dx2_four(i: u32, d: vec4<f32>) {
    store_dx2(i, d.x);
    store_dx2(i + 1u, d.y);
    store_dx2(i + 2u, d.z);
    store_dx2(i + 3u, d.w);
}
