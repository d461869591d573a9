// Where the stages of a part meet: the gradients' scales, and the tallies of the walk.
// needs: lib/params lib/tally
struct Workspace {
    // upstream gradient over denominator, for the loss and for its extra part, as far as only the GPU knows them; and the
    // same for a loss that rides along
    scale: f32,
    extra_scale: f32,
    rider_scale: f32,
    rider_extra_scale: f32,
    tallies: array<Tally>,
}

@group(0) @binding(1) var<storage, read_write> workspace: Workspace;

// The upstream gradients of a value's loss and of its extra part.
fn scales() -> vec2<f32> {
    return params.factor * vec2<f32>(workspace.scale, workspace.extra_scale);
}

// The same for a loss that rides along in the walk of another.
fn rider_scales() -> vec2<f32> {
    return params.rider_factor * vec2<f32>(workspace.rider_scale, workspace.rider_extra_scale);
}
