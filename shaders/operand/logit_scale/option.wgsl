// Products are multiplied by what the options say.
// slots: leaf
fn product_scale() -> f32 {
    return similarity_scale();
}
