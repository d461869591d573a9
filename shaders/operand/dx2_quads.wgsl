// The gradient of the third element operand, which begins at a quad: four elements are one store. Uses lib/params.
@group(0) @binding(8) var<storage, read_write> dx2: array<vec4<f32>>;

override DX2_ADD: bool = false;

fn store_dx2(i: u32, d: f32) {
    let element = i + base(8u);
    if DX2_ADD {
        dx2[element >> 2u][element & 3u] += d;
    } else {
        dx2[element >> 2u][element & 3u] = d;
    }
}

fn store_dx2_four(i: u32, d: vec4<f32>) {
    let element = i + base(8u);
    if DX2_ADD {
        dx2[element >> 2u] += d;
    } else {
        dx2[element >> 2u] = d;
    }
}
