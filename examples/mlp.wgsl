// The kernels of mlp.rs: a network with one hidden layer, its gradients, and a step with momentum.

const PIXELS: u32 = 64u;
const HIDDEN: u32 = 32u;
const CLASSES: u32 = 10u;
const RATE: f32 = 0.1;
const MOMENTUM: f32 = 0.9;

// Where `weights` holds the parameters: a matrix [HIDDEN, PIXELS] from 0 on, its biases, a matrix [CLASSES, HIDDEN], its
// biases; and how many parameters there are.
const FIRST_BIASES: u32 = 2048u;
const SECOND: u32 = 2080u;
const SECOND_BIASES: u32 = 2400u;
const PARAMETERS: u32 = 2410u;

// The images of a step: the first, and how many.
struct Batch {
    first: u32,
    count: u32,
}

@group(0) @binding(0) var<uniform> batch: Batch;
// [images, PIXELS]
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;
// [count, HIDDEN]: the hidden units, and the loss's derivatives with respect to their sums before the ReLU
@group(0) @binding(4) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_hidden: array<f32>;
// [count, CLASSES]: wgloss reads the logits, and writes their gradient
@group(0) @binding(6) var<storage, read_write> logits: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_logits: array<f32>;

// One invocation for each hidden unit of each image.
@compute @workgroup_size(64)
fn hidden_forward(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x / HIDDEN;
    let unit = id.x % HIDDEN;
    if row >= batch.count {
        return;
    }
    var sum = weights[FIRST_BIASES + unit];
    for (var k = 0u; k < PIXELS; k++) {
        sum += weights[(unit * PIXELS) + k] * images[((batch.first + row) * PIXELS) + k];
    }
    hidden[id.x] = max(sum, 0.0);
}

// One invocation for each class of each image.
@compute @workgroup_size(64)
fn classify(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x / CLASSES;
    let kind = id.x % CLASSES;
    if row >= batch.count {
        return;
    }
    var sum = weights[SECOND_BIASES + kind];
    for (var unit = 0u; unit < HIDDEN; unit++) {
        sum += weights[SECOND + (kind * HIDDEN) + unit] * hidden[(row * HIDDEN) + unit];
    }
    logits[id.x] = sum;
}

// One invocation for each hidden unit of each image: from the gradient of the logits to that of the unit's sum before the ReLU.
@compute @workgroup_size(64)
fn hidden_backward(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x / HIDDEN;
    let unit = id.x % HIDDEN;
    if row >= batch.count {
        return;
    }
    var sum = 0.0;
    for (var kind = 0u; kind < CLASSES; kind++) {
        sum += weights[SECOND + (kind * HIDDEN) + unit] * d_logits[(row * CLASSES) + kind];
    }
    d_hidden[id.x] = select(0.0, sum, hidden[id.x] > 0.0);
}

// One invocation for each parameter: its gradient over the batch, and its step.
@compute @workgroup_size(64)
fn learn(@builtin(global_invocation_id) id: vec3<u32>) {
    let place = id.x;
    if place >= PARAMETERS {
        return;
    }
    var slope = 0.0;
    for (var row = 0u; row < batch.count; row++) {
        if place < FIRST_BIASES {
            let pixel = images[((batch.first + row) * PIXELS) + (place % PIXELS)];
            slope += d_hidden[(row * HIDDEN) + (place / PIXELS)] * pixel;
        } else if place < SECOND {
            slope += d_hidden[(row * HIDDEN) + (place - FIRST_BIASES)];
        } else if place < SECOND_BIASES {
            let unit = hidden[(row * HIDDEN) + ((place - SECOND) % HIDDEN)];
            slope += d_logits[(row * CLASSES) + ((place - SECOND) / HIDDEN)] * unit;
        } else {
            slope += d_logits[(row * CLASSES) + (place - SECOND_BIASES)];
        }
    }
    velocity[place] = (MOMENTUM * velocity[place]) + slope;
    weights[place] -= RATE * velocity[place];
}
