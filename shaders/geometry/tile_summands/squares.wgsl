// Sums over elements are of squared differences, which keep their digits where rows are close.
fn add_summands(sums: vec4<f32>, own: vec4<f32>, other: f32) -> vec4<f32> {
    let apart = own - vec4<f32>(other);
    return fma(apart, apart, sums);
}
