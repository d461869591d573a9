// Margin ranking loss of two scores, of which one should be higher: the twin of src/losses/pointwise/margin_ranking.rs.
// needs: lib/math lib/params geometry/element
const MARGIN: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let gap = product(-v.z, difference(v.x, v.y)) + option(MARGIN);
    if !is_nan(gap) & (gap < 0.0) {
        return ElementScore(0.0, vec4<f32>(0.0));
    }
    return ElementScore(gap, vec4<f32>(-v.z, v.z, 0.0, 0.0));
}
