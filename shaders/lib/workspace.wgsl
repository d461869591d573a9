// The memory that the stages of a part share: the scales of the gradients, and the tallies of the walk.
// needs: lib/params lib/tally
struct Workspace {
    // the upstream gradient over the denominator, as far as only the GPU knows them: for the loss, for its extra loss, for the
    // fused loss, and for the fused loss's extra loss
    scale: f32,
    extra_scale: f32,
    fused_scale: f32,
    fused_extra_scale: f32,
    tallies: array<Tally>,
}

@group(0) @binding(1) var<storage, read_write> workspace: Workspace;

// The upstream gradients of a value's loss and of its extra loss.
fn scales() -> vec2<f32> {
    return params.factor * vec2<f32>(workspace.scale, workspace.extra_scale);
}

// The upstream gradients of a value's fused loss and of its extra loss.
fn fused_scales() -> vec2<f32> {
    return params.fused_factor * vec2<f32>(workspace.fused_scale, workspace.fused_extra_scale);
}
