// The number that products are multiplied by, from the options of the loss.
// slots: leaf
fn product_scale() -> f32 {
    return similarity_scale();
}
