// The gradient of the third element operand, stored or added to what is there. Uses lib/component lib/params.
@group(0) @binding(8) var<storage, read_write> dx2: array<f32>;

override DX2_ADD: bool = false;

fn store_dx2(i: u32, d: f32) {
    let element = i + base(8u);
    if DX2_ADD {
        dx2[element] += d;
    } else {
        dx2[element] = d;
    }
}

fn store_dx2_four(i: u32, d: vec4<f32>) {
    store_dx2(i, d.x);
    store_dx2(i + 1u, d.y);
    store_dx2(i + 2u, d.z);
    store_dx2(i + 3u, d.w);
}
