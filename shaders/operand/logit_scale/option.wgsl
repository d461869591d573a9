// The number that products are multiplied by, where no tensor gives it: the leaf computes it, mostly from an option.
// slots: leaf
fn product_scale() -> f32 {
    return similarity_scale();
}
