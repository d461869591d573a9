// The gradient of the first element operand, stored or added to what is there. Uses lib/params.
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
