// One side, real or fake, of a discriminator's loss: the twin of src/losses/pointwise/adversarial_side.rs.
// needs: lib/math geometry/element

// 0 vanilla, 1 least_squares, 2 hinge, 3 wasserstein
override KIND: u32 = 0u;
// 0 real, 1 fake
override SIDE: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    // fake scores are negated, so that on both sides the loss falls as x grows towards the side's target; least squares still
    // differs on the two sides, since its targets are 1 and 0
    let toward = select(1.0, -1.0, SIDE == 1u);
    let x = toward * v.x;
    var loss = -x;
    var slope = -1.0;
    if KIND == 0u {
        loss = softplus(-x);
        slope = -sigmoid(-x);
    } else if KIND == 1u {
        slope = select(x - 1.0, x, SIDE == 1u);
        loss = 0.5 * slope * slope;
    } else if KIND == 2u {
        loss = max(1.0 - x, 0.0);
        slope = select(-1.0, 0.0, x >= 1.0);
    }
    return ElementScore(loss, vec4<f32>(toward * slope, 0.0, 0.0, 0.0));
}
