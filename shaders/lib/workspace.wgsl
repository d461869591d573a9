// What the stages of a part share: the scales of the gradients, and the tallies of the walk.
// needs: lib/params lib/tally
struct Workspace {
    // upstream gradient over denominator, as far as only the GPU knows them: for the loss, for the extra loss, and for both
    // of a fused loss
    scale: f32,
    extra_scale: f32,
    rider_scale: f32,
    rider_extra_scale: f32,
    tallies: array<Tally>,
}

@group(0) @binding(1) var<storage, read_write> workspace: Workspace;

// The upstream gradients of a value's loss and of its extra loss.
fn scales() -> vec2<f32> {
    return params.factor * vec2<f32>(workspace.scale, workspace.extra_scale);
}

// The upstream gradients of a value's fused loss and of its extra loss.
fn rider_scales() -> vec2<f32> {
    return params.rider_factor * vec2<f32>(workspace.rider_scale, workspace.rider_extra_scale);
}
