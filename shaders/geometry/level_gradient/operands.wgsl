// Stores the gradients of the first level as the gradients of the operands.
// slots: dx0 dx1
fn store_level(i: u32, d: vec2<f32>) {
    store_dx0(i, d.x);
    store_dx1(i, d.y);
}
