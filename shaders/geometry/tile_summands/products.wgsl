// Sums over elements are of products.
fn add_summands(sums: vec4<f32>, own: vec4<f32>, other: f32) -> vec4<f32> {
    return fma(own, vec4<f32>(other), sums);
}
