// The number that is added to all scores, from a tensor.
// needs: lib/params dtype/float
@group(0) @binding(5) var<storage, read> logit_bias: array<u32>;

override LOGIT_BIAS_DTYPE: u32 = 0u;

fn score_shift() -> f32 {
    let element = base(5u);
    return decode(logit_bias[word_of(element, LOGIT_BIAS_DTYPE)], element, LOGIT_BIAS_DTYPE);
}
