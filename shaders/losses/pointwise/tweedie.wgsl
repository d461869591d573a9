// Tweedie loss, for amounts that are often 0: the twin of src/losses/pointwise/tweedie.rs.
// needs: lib/math lib/params geometry/element
const P: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    // both are exact
    let upper = 2.0 - option(P);
    let lower = option(P) - 1.0;
    let rate = exp_any(upper * v.x);
    let amount = part_of(v.y, exp_any(-lower * v.x));
    let loss = (rate / upper) + (amount / lower);
    return ElementScore(loss, vec4<f32>(difference(rate, amount), 0.0, 0.0, 0.0));
}
