// The logits and targets of four neighbouring positions, whose classes are so few that a lane reads them once and keeps them.
// needs: lib/params
// slots: classes target x0
var<private> kept_logits: array<vec4<f32>, CLASSES>;
var<private> kept_targets: array<vec4<f32>, CLASSES>;

fn load_classes(first: u32) {
    // @unroll k CLASSES
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        kept_logits[k] = x0_four(first + (k * params.class_stride));
        kept_targets[k] = target_four(first + (k * params.class_stride));
    }
}

fn logits_at(first: u32, k: u32) -> vec4<f32> {
    return kept_logits[k];
}

fn targets_at(first: u32, k: u32) -> vec4<f32> {
    return kept_targets[k];
}
