// Products are scores as they are.
fn similarity_scale() -> f32 {
    return 1.0;
}
