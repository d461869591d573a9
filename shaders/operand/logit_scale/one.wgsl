// Products are scores without a scale.
fn product_scale() -> f32 {
    return 1.0;
}
