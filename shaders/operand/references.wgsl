// The log-probability of each segment under the reference model.
// needs: lib/params dtype/float
@group(0) @binding(15) var<storage, read> references: array<u32>;

override REFERENCES_DTYPE: u32 = 0u;

fn reference_at(i: u32) -> f32 {
    let element = i + base(15u);
    return decode(references[word_of(element, REFERENCES_DTYPE)], element, REFERENCES_DTYPE);
}
