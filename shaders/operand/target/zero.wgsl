// The dense target where targets are labels: 0 for every class. The fold knows the label's class by `Class.hit`.
fn target_at(i: u32) -> f32 {
    return 0.0;
}

fn target_four(i: u32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
