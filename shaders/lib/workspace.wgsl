// Where the stages of a part meet: the gradients' scales, and the tallies of the walk. Uses lib/params lib/tally.
struct Workspace {
    // upstream gradient over denominator, for the loss and for its extra part, as far as only the GPU knows them
    scale: f32,
    extra_scale: f32,
    spare: vec2<u32>,
    tallies: array<Tally>,
}

@group(0) @binding(1) var<storage, read_write> workspace: Workspace;

// The upstream gradients of a value's loss and of its extra part.
fn scales() -> vec2<f32> {
    return params.factor * vec2<f32>(workspace.scale, workspace.extra_scale);
}
