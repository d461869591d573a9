// A network with one hidden layer for handwritten digits: its training, and its loss around the trained weights.

import { needed, tensor } from "./gpu.js";
import { device, readBack } from "./wgsl.js";

const [PIXELS, HIDDEN, CLASSES] = [64, 32, 10];
const FIRST_BIASES = HIDDEN * PIXELS;
const SECOND = FIRST_BIASES + HIDDEN;
const SECOND_BIASES = SECOND + CLASSES * HIDDEN;
const PARAMETERS = SECOND_BIASES + CLASSES;
const STEPS = 150;
const RATE = 0.5;
/** The number of points of the plane at which the loss is computed at once. */
const POINTS_AT_ONCE = 32;

/** Loads the images and their labels. */
async function digits() {
  const response = await fetch(new URL("../data/digits.csv.gz", import.meta.url));
  if (!response.ok) throw new Error("data/digits.csv.gz is not there");
  const text = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).text();
  const rows = text.trim().split("\n").map((row) => row.split(",").map(Number));
  const images = new Float32Array(rows.length * PIXELS);
  rows.forEach((row, k) => row.slice(0, PIXELS).forEach((level, pixel) => (images[k * PIXELS + pixel] = level / 16)));
  return { count: rows.length, images, labels: Uint8Array.from(rows, (row) => row[PIXELS]) };
}

/** A generator of numbers between 0 and 1 with a seed. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** A random direction whose filters have the norms of the filters in `weights`. It leaves the biases unchanged. */
function direction(weights, next) {
  const normal = () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
  const into = new Float32Array(PARAMETERS);
  const filter = (start, width) => {
    const numbers = Array.from({ length: width }, normal);
    const norm = (numbers) => Math.hypot(...numbers);
    const scale = norm(weights.subarray(start, start + width)) / norm(numbers);
    numbers.forEach((number, k) => (into[start + k] = number * scale));
  };
  for (let unit = 0; unit < HIDDEN; unit++) filter(unit * PIXELS, PIXELS);
  for (let k = 0; k < CLASSES; k++) filter(SECOND + k * HIDDEN, HIDDEN);
  return into;
}

/** The initial weights, as in He et al., 2015. */
function first() {
  const weights = direction(new Float32Array(PARAMETERS).fill(1), random(1));
  return weights.map((weight, k) => weight * Math.sqrt(2 / (k < SECOND ? PIXELS : HIDDEN)));
}

function forward(weights, { images, count }) {
  const [hidden, logits] = [new Float32Array(count * HIDDEN), new Float32Array(count * CLASSES)];
  for (let n = 0; n < count; n++) {
    for (let unit = 0; unit < HIDDEN; unit++) {
      let sum = weights[FIRST_BIASES + unit];
      for (let k = 0; k < PIXELS; k++) sum += weights[unit * PIXELS + k] * images[n * PIXELS + k];
      hidden[n * HIDDEN + unit] = Math.max(sum, 0);
    }
    for (let k = 0; k < CLASSES; k++) {
      let sum = weights[SECOND_BIASES + k];
      for (let unit = 0; unit < HIDDEN; unit++) sum += weights[SECOND + k * HIDDEN + unit] * hidden[n * HIDDEN + unit];
      logits[n * CLASSES + k] = sum;
    }
  }
  return { hidden, logits };
}

function backward(weights, { images, count }, hidden, slopes) {
  const gradient = new Float64Array(PARAMETERS);
  for (let n = 0; n < count; n++) {
    const ofHidden = new Float64Array(HIDDEN);
    for (let k = 0; k < CLASSES; k++) {
      const slope = slopes[n * CLASSES + k];
      gradient[SECOND_BIASES + k] += slope;
      for (let unit = 0; unit < HIDDEN; unit++) {
        gradient[SECOND + k * HIDDEN + unit] += slope * hidden[n * HIDDEN + unit];
        ofHidden[unit] += slope * weights[SECOND + k * HIDDEN + unit];
      }
    }
    for (let unit = 0; unit < HIDDEN; unit++) {
      if (hidden[n * HIDDEN + unit] <= 0) continue;
      gradient[FIRST_BIASES + unit] += ofHidden[unit];
      for (let k = 0; k < PIXELS; k++) gradient[unit * PIXELS + k] += ofHidden[unit] * images[n * PIXELS + k];
    }
  }
  return gradient;
}

/**
 * Trains the network, and reports each step to `progress`. The losses and their gradients come from the GPU. Throws if the
 * visitor leaves.
 */
async function trained(data, progress, signal) {
  const gpu = await needed();
  const weights = first();
  const operands = { input: tensor(new Float32Array(data.count * CLASSES), [data.count, CLASSES]), target: tensor(data.labels) };
  const job = await gpu.prepare("cross_entropy", operands, { observe: ["accuracy"] });
  for (let step = 0; step <= STEPS && !signal.aborted; step++) {
    const { hidden, logits } = forward(weights, data);
    job.write("input", logits);
    const { value, gradients, observations } = await job.run();
    const gradient = backward(weights, data, hidden, gradients.input.data);
    for (let k = 0; k < PARAMETERS; k++) weights[k] -= RATE * gradient[k];
    const right = Math.round(100 * observations["cross_entropy.accuracy"]);
    progress(`Training the network: step ${step} of ${STEPS}, loss ${value.toFixed(3)}, ${right} % right`);
    if (step % 10 === 0) await new Promise((done) => setTimeout(done));
  }
  job.free();
  signal.throwIfAborted();
  return weights;
}

let kept;

/** The images and the trained network's weights. They are kept once all is there, so that the next visit tries again after an error. */
async function trainedNetwork(progress, signal) {
  if (!kept) {
    const data = await digits();
    kept = { data, weights: await trained(data, progress, signal) };
  }
  return kept;
}

/** The loss of the trained network over a plane of its weights, at `size` x `size` points from −1 to 1. */
export async function around(size, progress, signal) {
  const { data, weights } = await trainedNetwork(progress, signal);
  const next = random(2018);
  const plane = new Float32Array(3 * PARAMETERS);
  [weights, direction(weights, next), direction(weights, next)].forEach((part, k) => plane.set(part, k * PARAMETERS));
  const network = await predictor(plane, data);
  const labels = new Uint8Array(POINTS_AT_ONCE * data.count);
  for (let k = 0; k < POINTS_AT_ONCE; k++) labels.set(data.labels, k * data.count);
  const gpu = await needed();
  const values = new Float32Array(size * size);
  const at = (k) => -1 + (2 * k) / (size - 1);
  for (let start = 0; start < values.length && !signal.aborted; start += POINTS_AT_ONCE) {
    const points = new Float32Array(2 * POINTS_AT_ONCE);
    const count = Math.min(POINTS_AT_ONCE, values.length - start);
    for (let k = 0; k < count; k++) points.set([at((start + k) % size), at(Math.floor((start + k) / size))], 2 * k);
    const logits = await network(points);
    const operands = { input: tensor(logits, [POINTS_AT_ONCE * data.count, CLASSES]), target: tensor(labels) };
    const losses = (await gpu.loss("cross_entropy", operands, { reduction: "none", gradients: [] })).values.data;
    for (let k = 0; k < count; k++) {
      let sum = 0;
      for (let n = 0; n < data.count; n++) sum += losses[k * data.count + n];
      values[start + k] = sum / data.count;
    }
    progress(`The loss at ${start + count} of ${values.length} points`);
  }
  return values;
}

/** Makes the kernels of digits.wgsl, which compute the logits of all images at `POINTS_AT_ONCE` points of the plane. */
async function predictor(plane, { images, count }) {
  const gpu = await device();
  const code = await (await fetch(new URL("../data/digits.wgsl", import.meta.url))).text();
  const module = gpu.createShaderModule({ code });
  const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const buffer = (length, held) => {
    const made = gpu.createBuffer({ size: 4 * length, usage: storage });
    if (held) gpu.queue.writeBuffer(made, 0, held);
    return made;
  };
  const buffers = [
    buffer(plane.length, plane), buffer(images.length, images), buffer(3 * HIDDEN * count),
    buffer(2 * POINTS_AT_ONCE), buffer(POINTS_AT_ONCE * count * CLASSES),
  ];
  const kernel = async (entryPoint, bindings, grid) => {
    const pipeline = await gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint } });
    const entries = bindings.map((binding) => ({ binding, resource: { buffer: buffers[binding] } }));
    const group = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return (encoder) => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...grid);
      pass.end();
    };
  };
  const across = Math.ceil(count / 64);
  const project = await kernel("project", [0, 1, 2], [across, HIDDEN, 3]);
  const predict = await kernel("predict", [0, 2, 3, 4], [across, POINTS_AT_ONCE, 1]);
  const encoder = gpu.createCommandEncoder();
  project(encoder);
  gpu.queue.submit([encoder.finish()]);
  return (points) => {
    gpu.queue.writeBuffer(buffers[3], 0, points);
    const encoder = gpu.createCommandEncoder();
    predict(encoder);
    return readBack(gpu, encoder, buffers[4], 4 * POINTS_AT_ONCE * count * CLASSES);
  };
}
