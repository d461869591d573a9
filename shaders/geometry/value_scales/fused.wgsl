// The factors of the gradients of a position's fused loss and extra loss, without the sample weight.
// needs: lib/workspace
fn value_scales(i: u32) -> vec2<f32> {
    return fused_scales();
}
