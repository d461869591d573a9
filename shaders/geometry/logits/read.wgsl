// The logits and targets of four neighbouring positions, read each time that they are needed.
// needs: lib/params
// slots: target x0
fn load_classes(first: u32) {}

fn logits_at(first: u32, k: u32) -> vec4<f32> {
    return x0_four(first + (k * params.class_stride));
}

fn targets_at(first: u32, k: u32) -> vec4<f32> {
    return target_four(first + (k * params.class_stride));
}
