// Products are scores as they are.
fn product_scale() -> f32 {
    return 1.0;
}
