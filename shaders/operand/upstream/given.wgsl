// The upstream gradient of a value, or of the reduced loss.
// needs: lib/params dtype/float
@group(0) @binding(12) var<storage, read> upstream: array<u32>;

override UPSTREAM_DTYPE: u32 = 0u;

fn upstream_at(i: u32) -> f32 {
    let element = i + base(12u);
    return decode(upstream[word_of(element, UPSTREAM_DTYPE)], element, UPSTREAM_DTYPE);
}
