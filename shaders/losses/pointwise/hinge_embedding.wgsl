// Hinge embedding loss: keeps a distance small, or above a margin. The twin of src/losses/pointwise/hinge_embedding.rs.
// needs: lib/math lib/params geometry/element
const MARGIN: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let gap = option(MARGIN) - v.x;
    var loss = 0.0;
    var slope = 0.0;
    if v.y != -1.0 {
        loss = v.x;
        slope = 1.0;
    }
    if (v.y != 1.0) & (gap >= 0.0) {
        loss = difference(loss, -gap);
        slope -= 1.0;
    }
    return ElementScore(loss, vec4<f32>(slope, 0.0, 0.0, 0.0));
}
