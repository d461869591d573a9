// The gradient of an element operand in 16 bits, stored or added. Written for dx0; the linker makes dx1, dx2 and dx3 from it.
// needs: lib/params dtype/half
@group(0) @binding(6) var<storage, read_write> dx0: array<atomic<u32>>;

override DX0_ADD: bool = false;
override DX0_DTYPE: u32 = 1u;

fn store_dx0(i: u32, d: f32) {
    let element = i + base(6u);
    let word = atomicLoad(&dx0[element >> 1u]);
    atomicXor(&dx0[element >> 1u], flipped(word, element, d, DX0_ADD, DX0_DTYPE));
}

fn store_dx0_four(i: u32, d: vec4<f32>) {
    store_dx0(i, d.x);
    store_dx0(i + 1u, d.y);
    store_dx0(i + 2u, d.z);
    store_dx0(i + 3u, d.w);
}
