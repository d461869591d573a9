// The gradient of the second element operand, stored or added to what is there. Uses lib/params.
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
