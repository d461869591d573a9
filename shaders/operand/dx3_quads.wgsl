// The gradient of the fourth element operand, which begins at a quad: four elements are one store. Uses lib/params.
@group(0) @binding(9) var<storage, read_write> dx3: array<vec4<f32>>;

override DX3_ADD: bool = false;

fn store_dx3(i: u32, d: f32) {
    let element = i + base(9u);
    if DX3_ADD {
        dx3[element >> 2u][element & 3u] += d;
    } else {
        dx3[element >> 2u][element & 3u] = d;
    }
}

fn store_dx3_four(i: u32, d: vec4<f32>) {
    let element = i + base(9u);
    if DX3_ADD {
        dx3[element >> 2u] += d;
    } else {
        dx3[element >> 2u] = d;
    }
}
