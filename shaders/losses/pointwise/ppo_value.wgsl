// The clipped value regression of proximal policy optimisation: the twin of src/losses/pointwise/ppo_value.rs.
// needs: lib/math lib/params geometry/element
const CLIP: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let clip = option(CLIP);
    let move_by = difference(v.x, v.y);
    let own = difference(v.x, v.z);
    if is_nan(move_by) | is_nan(own) {
        return ElementScore(nan(), vec4<f32>(0.0));
    }
    if abs(move_by) <= clip {
        return ElementScore(0.5 * own * own, vec4<f32>(own, 0.0, 0.0, 0.0));
    }
    let other = difference(v.y + clamp(move_by, -clip, clip), v.z);
    if is_nan(other) {
        return ElementScore(other, vec4<f32>(0.0));
    }
    let most = max(abs(own), abs(other));
    let share = select(select(1.0, 0.5, abs(own) == abs(other)), 0.0, abs(own) < abs(other));
    return ElementScore(0.5 * most * most, vec4<f32>(part_of(share, own), 0.0, 0.0, 0.0));
}
