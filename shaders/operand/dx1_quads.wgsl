// The gradient of the second element operand, which begins at a quad: four elements are one store. Uses lib/params.
@group(0) @binding(7) var<storage, read_write> dx1: array<vec4<f32>>;

override DX1_ADD: bool = false;

fn store_dx1(i: u32, d: f32) {
    let element = i + base(7u);
    if DX1_ADD {
        dx1[element >> 2u][element & 3u] += d;
    } else {
        dx1[element >> 2u][element & 3u] = d;
    }
}

fn store_dx1_four(i: u32, d: vec4<f32>) {
    let element = i + base(7u);
    if DX1_ADD {
        dx1[element >> 2u] += d;
    } else {
        dx1[element >> 2u] = d;
    }
}
