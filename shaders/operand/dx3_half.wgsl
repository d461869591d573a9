// The gradient of the fourth element operand in 16 bits, stored or added to what is there. Uses lib/component lib/params dtype/float dtype/half.
@group(0) @binding(9) var<storage, read_write> dx3: array<atomic<u32>>;

override DX3_ADD: bool = false;
override DX3_DTYPE: u32 = 1u;

fn store_dx3(i: u32, d: f32) {
    let element = i + base(9u);
    let word = atomicLoad(&dx3[element >> 1u]);
    atomicXor(&dx3[element >> 1u], flipped(word, element, d, DX3_ADD, DX3_DTYPE));
}

fn store_dx3_four(i: u32, d: vec4<f32>) {
    store_dx3(i, d.x);
    store_dx3(i + 1u, d.y);
    store_dx3(i + 2u, d.z);
    store_dx3(i + 3u, d.w);
}
