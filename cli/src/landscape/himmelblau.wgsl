// Himmelblau's function as a leaf: the twin of `Pointwise::score` in himmelblau.rs.
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let a = (v.x * v.x) + v.y - 11.0;
    let b = v.x + (v.y * v.y) - 7.0;
    let d_w1 = (4.0 * a * v.x) + (2.0 * b);
    let d_w2 = (2.0 * a) + (4.0 * b * v.y);
    return ElementScore((a * a) + (b * b), vec4<f32>(d_w1, d_w2, 0.0, 0.0));
}
