// The kernels of digits.rs: they run a network with one hidden layer on images, at many points of a plane of weights.

const PIXELS: u32 = 64u;
const HIDDEN: u32 = 32u;
const CLASSES: u32 = 10u;
const IMAGES: u32 = 1797u;

// The offsets of the parameters: a matrix [HIDDEN, PIXELS], its biases, a matrix [CLASSES, HIDDEN], its biases.
const FIRST_BIASES: u32 = 2048u;
const SECOND: u32 = 2080u;
const SECOND_BIASES: u32 = 320u; // from SECOND
const SECOND_SIZE: u32 = 330u;
const PARAMETERS: u32 = 2410u;

// The centre of the plane, then its two directions: [3, PARAMETERS].
@group(0) @binding(0) var<storage, read> plane: array<f32>;
@group(0) @binding(1) var<storage, read> images: array<f32>;
// The inputs of the hidden units: [3, HIDDEN, IMAGES].
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<storage, read> points: array<vec2<f32>>;
// [points, IMAGES, CLASSES]
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;

// Runs the first layer on an image once with the centre's weights, and once with each direction's. The layer is linear,
// so its output at any point of the plane is a combination of these three. This runs once for all points.
@compute @workgroup_size(64)
fn project(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= IMAGES {
        return;
    }
    let first = id.z * PARAMETERS;
    var sum = plane[first + FIRST_BIASES + id.y];
    for (var pixel = 0u; pixel < PIXELS; pixel++) {
        sum += plane[first + (id.y * PIXELS) + pixel] * images[(id.x * PIXELS) + pixel];
    }
    sums[(((id.z * HIDDEN) + id.y) * IMAGES) + id.x] = sum;
}

fn on_plane(point: vec2<f32>, centre: f32, first: f32, second: f32) -> f32 {
    return centre + (point.x * first) + (point.y * second);
}

// The weights of the second layer at the workgroup's point.
var<workgroup> second_layer: array<f32, 330>;

// One invocation for each image and point.
@compute @workgroup_size(64)
fn predict(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let point = points[id.y];
    for (var k = lane; k < SECOND_SIZE; k += 64u) {
        let at = SECOND + k;
        second_layer[k] = on_plane(point, plane[at], plane[PARAMETERS + at], plane[(2u * PARAMETERS) + at]);
    }
    workgroupBarrier();
    if id.x >= IMAGES {
        return;
    }
    var out: array<f32, 10>;
    for (var k = 0u; k < CLASSES; k++) {
        out[k] = second_layer[SECOND_BIASES + k];
    }
    for (var unit = 0u; unit < HIDDEN; unit++) {
        let at = (unit * IMAGES) + id.x;
        let sum = on_plane(point, sums[at], sums[(HIDDEN * IMAGES) + at], sums[(2u * HIDDEN * IMAGES) + at]);
        let rectified = max(sum, 0.0);
        for (var k = 0u; k < CLASSES; k++) {
            out[k] += rectified * second_layer[(k * HIDDEN) + unit];
        }
    }
    for (var k = 0u; k < CLASSES; k++) {
        logits[(((id.y * IMAGES) + id.x) * CLASSES) + k] = out[k];
    }
}
