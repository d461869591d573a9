// Binary cross-entropy of logits: the twin of src/losses/pointwise/bce_with_logits.rs.
// needs: lib/math lib/params geometry/element
const LABEL_SMOOTHING: u32 = 0u;
// 0 if there is no label smoothing
override WHOLE_LABEL_SMOOTHING: i32 = 0;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    var answers = vec2<f32>(v.y, 1.0 - v.y);
    if WHOLE_LABEL_SMOOTHING != 0 {
        answers = ((1.0 - option(LABEL_SMOOTHING)) * answers) + (0.5 * option(LABEL_SMOOTHING));
    }
    let yes = product(v.z, answers.x);
    let no = answers.y;
    let s = sigmoids(v.x);
    let loss = product(yes, s.minus_log_p) + product(no, s.minus_log_q);
    return ElementScore(loss, vec4<f32>(sigmoid_balance(no, yes, v.x, s), 0.0, 0.0, 0.0));
}
