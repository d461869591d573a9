// The gradient of the fourth element operand, stored or added to what is there. Uses lib/component lib/params.
@group(0) @binding(9) var<storage, read_write> dx3: array<f32>;

override DX3_ADD: bool = false;

fn store_dx3(i: u32, d: f32) {
    let element = i + base(9u);
    if DX3_ADD {
        dx3[element] += d;
    } else {
        dx3[element] = d;
    }
}

fn store_dx3_four(i: u32, d: vec4<f32>) {
    store_dx3(i, d.x);
    store_dx3(i + 1u, d.y);
    store_dx3(i + 2u, d.z);
    store_dx3(i + 3u, d.w);
}
