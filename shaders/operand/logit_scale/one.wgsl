// The number that products are multiplied by where there is none: 1.
fn product_scale() -> f32 {
    return 1.0;
}
