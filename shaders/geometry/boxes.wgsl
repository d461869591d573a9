// The scores of pairs of boxes, one or four at a time, and where their derivatives go. Uses lib/params lib/math dtype/float operand/x0 operand/x1 absent/dx0 geometry/element losses/boxes/box_iou.

// Four pairs of boxes: a column each.
struct Four {
    inputs: mat4x4<f32>,
    targets: mat4x4<f32>,
}

fn four_at(i: u32, cell: vec2<u32>) -> Four {
    let k = 4u * i;
    let inputs = mat4x4<f32>(x0_four(k), x0_four(k + 4u), x0_four(k + 8u), x0_four(k + 12u));
    return Four(inputs, mat4x4<f32>(x1_four(k), x1_four(k + 4u), x1_four(k + 8u), x1_four(k + 12u)));
}

fn score_of_four(four: Four, k: u32, of_item: vec3<f32>) -> ElementScore {
    return score_boxes(four.inputs[k], four.targets[k]);
}

fn score_at(i: u32, of_item: vec3<f32>) -> ElementScore {
    return score_boxes(x0_four(4u * i), x1_four(4u * i));
}

fn score_boxes(a: vec4<f32>, b: vec4<f32>) -> ElementScore {
    var score = box_score(a, b);
    let in_a = is_nan(a.x) | is_nan(a.y) | is_nan(a.z) | is_nan(a.w);
    if in_a | is_nan(b.x) | is_nan(b.y) | is_nan(b.z) | is_nan(b.w) {
        score.loss = nan();
    }
    return score;
}

// The derivatives of four boxes: a column each.
fn store_four(i: u32, d: mat4x4<f32>) {
    store(i, d[0]);
    store(i + 1u, d[1]);
    store(i + 2u, d[2]);
    store(i + 3u, d[3]);
}

fn store(i: u32, d: vec4<f32>) {
    store_dx0_four(4u * i, d);
}
