// What an element adds to the sums of a tile: the squared difference of its own row and its other row, so that the sum keeps
// its digits where rows are close.
fn add_summands(sums: vec4<f32>, own: vec4<f32>, other: f32) -> vec4<f32> {
    let apart = own - vec4<f32>(other);
    return fma(apart, apart, sums);
}
