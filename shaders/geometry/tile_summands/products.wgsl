// What an element adds to the sums of a tile: the product of its own row and its other row.
fn add_summands(sums: vec4<f32>, own: vec4<f32>, other: f32) -> vec4<f32> {
    return fma(own, vec4<f32>(other), sums);
}
