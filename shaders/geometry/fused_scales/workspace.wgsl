// The factors of the gradients of a position's fused loss and extra loss: the same for all positions.
// needs: lib/workspace
fn fused_scales_at(position: u32) -> vec2<f32> {
    return fused_scales();
}
