// The upstream gradient of a value times its sample weight, from `value_factors`, where an earlier kernel has combined them.
// needs: scratch/value_factors
fn upstream_at(i: u32) -> f32 {
    return bitcast<f32>(value_factor(i).y);
}
