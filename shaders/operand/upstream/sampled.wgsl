// The upstream gradient of a value, where its sample weight is all that differs from value to value.
// slots: sample_weight
fn upstream_at(i: u32) -> f32 {
    return count_at(i);
}
