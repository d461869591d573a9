// The gradient of the second element operand in 16 bits, stored or added to what is there. Uses lib/component lib/params dtype/float dtype/half.
@group(0) @binding(7) var<storage, read_write> dx1: array<atomic<u32>>;

override DX1_ADD: bool = false;
override DX1_DTYPE: u32 = 1u;

fn store_dx1(i: u32, d: f32) {
    let element = i + base(7u);
    let word = atomicLoad(&dx1[element >> 1u]);
    atomicXor(&dx1[element >> 1u], flipped(word, element, d, DX1_ADD, DX1_DTYPE));
}

fn store_dx1_four(i: u32, d: vec4<f32>) {
    store_dx1(i, d.x);
    store_dx1(i + 1u, d.y);
    store_dx1(i + 2u, d.z);
    store_dx1(i + 3u, d.w);
}
