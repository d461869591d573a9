// The gradient of the first element operand, which begins at a quad: four elements are one store. Uses lib/params.
@group(0) @binding(6) var<storage, read_write> dx0: array<vec4<f32>>;

override DX0_ADD: bool = false;

fn store_dx0(i: u32, d: f32) {
    let element = i + base(6u);
    if DX0_ADD {
        dx0[element >> 2u][element & 3u] += d;
    } else {
        dx0[element >> 2u][element & 3u] = d;
    }
}

fn store_dx0_four(i: u32, d: vec4<f32>) {
    let element = i + base(6u);
    if DX0_ADD {
        dx0[element >> 2u] += d;
    } else {
        dx0[element >> 2u] = d;
    }
}
