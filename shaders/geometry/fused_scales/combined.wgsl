// The factors of the gradients of a position's fused loss and extra loss, which contain the sample weight.
// needs: scratch/value_factors
fn fused_scales_at(position: u32) -> vec2<f32> {
    let factor = value_factor(position);
    return bitcast<vec2<f32>>(factor.yz);
}
