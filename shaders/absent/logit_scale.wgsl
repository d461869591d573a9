// Products are multiplied by what the options say. Uses absent/similarity.
fn product_scale() -> f32 {
    return similarity_scale();
}
