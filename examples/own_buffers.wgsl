// The host's kernels of examples/own_buffers.rs, which run before and after the loss of a classifier of points in the
// plane.

const POINTS: u32 = 300u;
const CLASSES: u32 = 3u;
const FEATURES: u32 = 3u; // x, y and 1
const RATE: f32 = 1.0;

// The page holds the logits [POINTS, CLASSES], then their gradient.
@group(0) @binding(0) var<storage, read> points: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> page: array<f32>;

fn feature(point: u32, k: u32) -> f32 {
    return vec3<f32>(points[point], 1.0)[k];
}

// One invocation for each logit.
@compute @workgroup_size(64)
fn predict(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= POINTS * CLASSES {
        return;
    }
    let class_index = id.x % CLASSES;
    var logit = 0.0;
    for (var k = 0u; k < FEATURES; k++) {
        logit += weights[class_index * FEATURES + k] * feature(id.x / CLASSES, k);
    }
    page[id.x] = logit;
}

// One invocation for each weight: a gradient step.
@compute @workgroup_size(64)
fn learn(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= CLASSES * FEATURES {
        return;
    }
    let class_index = id.x / FEATURES;
    var slope = 0.0;
    for (var point = 0u; point < POINTS; point++) {
        slope += page[POINTS * CLASSES + point * CLASSES + class_index] * feature(point, id.x % FEATURES);
    }
    weights[id.x] -= RATE * slope;
}
