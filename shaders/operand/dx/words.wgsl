// The gradient of an element operand, f32, stored or added. Written for dx0; the linker makes dx1, dx2 and dx3 from it.
// needs: lib/params
@group(0) @binding(6) var<storage, read_write> dx0: array<f32>;

override DX0_ADD: bool = false;

fn store_dx0(i: u32, d: f32) {
    let element = i + base(6u);
    if DX0_ADD {
        dx0[element] += d;
    } else {
        dx0[element] = d;
    }
}

fn store_dx0_four(i: u32, d: vec4<f32>) {
    store_dx0(i, d.x);
    store_dx0(i + 1u, d.y);
    store_dx0(i + 2u, d.z);
    store_dx0(i + 3u, d.w);
}
