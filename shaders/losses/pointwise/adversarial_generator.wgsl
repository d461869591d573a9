// The adversarial loss of a generator: the twin of src/losses/pointwise/adversarial_generator.rs.
// needs: lib/math geometry/element
// 0 vanilla, 1 least_squares, 2 hinge, 3 wasserstein
override KIND: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let f = v.x;
    if KIND == 0u {
        return ElementScore(softplus(-f), vec4<f32>(-sigmoid(-f), 0.0, 0.0, 0.0));
    }
    if KIND == 1u {
        return ElementScore(0.5 * (f - 1.0) * (f - 1.0), vec4<f32>(f - 1.0, 0.0, 0.0, 0.0));
    }
    return ElementScore(-f, vec4<f32>(-1.0, 0.0, 0.0, 0.0));
}
