// Total variation: the twin of src/losses/neighbours/total_variation.rs.
// needs: lib/math geometry/element
override P: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let loss = select(abs(v.x), v.x * v.x, P == 2u);
    let slope = select(sign_of_number(v.x), 2.0 * v.x, P == 2u);
    return ElementScore(loss, vec4<f32>(slope, 0.0, 0.0, 0.0));
}
