// The first element operand, f32, which its gradient overwrites. Uses lib/params dtype/float.
@group(0) @binding(2) var<storage, read_write> x0: array<u32>;

override X0_DTYPE: u32 = 0u;

fn x0_at(i: u32) -> f32 {
    let element = i + base(2u);
    return decode(x0[word_of(element, X0_DTYPE)], element, X0_DTYPE);
}

fn store_dx0(i: u32, d: f32) {
    x0[i + base(2u)] = bitcast<u32>(d);
}
