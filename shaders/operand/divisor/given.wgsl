// The denominator that the caller gives.
// needs: lib/params dtype/float
@group(0) @binding(22) var<storage, read> divisor: array<u32>;

override DIVISOR_DTYPE: u32 = 0u;

fn divisor_at(i: u32) -> f32 {
    let element = i + base(22u);
    return decode(divisor[word_of(element, DIVISOR_DTYPE)], element, DIVISOR_DTYPE);
}
