// The number that products are multiplied by, from a tensor.
// needs: lib/params dtype/float
@group(0) @binding(4) var<storage, read> logit_scale: array<u32>;

override LOGIT_SCALE_DTYPE: u32 = 0u;

fn product_scale() -> f32 {
    let element = base(4u);
    return decode(logit_scale[word_of(element, LOGIT_SCALE_DTYPE)], element, LOGIT_SCALE_DTYPE);
}
