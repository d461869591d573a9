// The gradient of the second element operand, stored or added to what is there. Uses lib/component lib/params.
@group(0) @binding(7) var<storage, read_write> dx1: array<f32>;

override DX1_ADD: bool = false;

fn store_dx1(i: u32, d: f32) {
    let element = i + base(7u);
    if DX1_ADD {
        dx1[element] += d;
    } else {
        dx1[element] = d;
    }
}

fn store_dx1_four(i: u32, d: vec4<f32>) {
    store_dx1(i, d.x);
    store_dx1(i + 1u, d.y);
    store_dx1(i + 2u, d.z);
    store_dx1(i + 3u, d.w);
}
