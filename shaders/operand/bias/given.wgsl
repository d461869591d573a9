// The bias of a class.
// needs: lib/params dtype/float
@group(0) @binding(10) var<storage, read> bias: array<u32>;

override BIAS_DTYPE: u32 = 0u;

fn bias_at(i: u32) -> f32 {
    let element = i + base(10u);
    return decode(bias[word_of(element, BIAS_DTYPE)], element, BIAS_DTYPE);
}
