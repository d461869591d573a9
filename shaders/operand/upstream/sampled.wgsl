// The sample weight of a value in place of its upstream gradient, where that is one number for all values, which the parameters
// or the workspace contain.
// slots: sample_weight
fn upstream_at(i: u32) -> f32 {
    return count_at(i);
}
