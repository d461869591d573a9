// A function of two numbers, which the visitor types in WGSL, on the GPU: its values over a grid, and an optimiser's path.

/** An error in the text of a function. Its message names the line. */
export class FunctionError extends Error {}

/** The kernels that call the visitor's function `f`. They read `asked`, and write `values`. */
const CALLS = `
struct Asked { from_x: f32, to_x: f32, from_y: f32, to_y: f32, columns: u32, rows: u32, kind: u32, rate: f32 }
@group(0) @binding(0) var<uniform> asked: Asked;
@group(0) @binding(1) var<storage, read_write> values: array<f32>;

fn slope(p: vec2<f32>) -> vec2<f32> {
  let h = 1e-3 * max(vec2<f32>(1.0), abs(p));
  let dx = f(p.x + h.x, p.y) - f(p.x - h.x, p.y);
  let dy = f(p.x, p.y + h.y) - f(p.x, p.y - h.y);
  return vec2<f32>(dx, dy) / (2.0 * h);
}

@compute @workgroup_size(64)
fn surface(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= (asked.columns * asked.rows)) { return; }
  let at = vec2<f32>(f32(id.x % asked.columns), f32(id.x / asked.columns));
  let share = at / vec2<f32>(f32(asked.columns - 1u), f32(asked.rows - 1u));
  values[id.x] = f(mix(asked.from_x, asked.to_x, share.x), mix(asked.from_y, asked.to_y, share.y));
}

@compute @workgroup_size(1)
fn path() {
  var p = vec2<f32>(asked.from_x, asked.from_y);
  var m = vec2<f32>(0.0);
  var v = vec2<f32>(0.0);
  for (var step = 0u; step < asked.columns; step++) {
    values[3u * step] = p.x;
    values[(3u * step) + 1u] = p.y;
    values[(3u * step) + 2u] = f(p.x, p.y);
    let g = slope(p);
    if (asked.kind == 0u) {
      p -= asked.rate * g;
    } else if (asked.kind == 1u) {
      m = (0.9 * m) + g;
      p -= asked.rate * m;
    } else {
      m = (0.9 * m) + (0.1 * g);
      v = (0.99 * v) + (0.01 * g * g);
      let t = f32(step + 1u);
      p -= asked.rate * (m / (1.0 - pow(0.9, t))) / (sqrt(v / (1.0 - pow(0.99, t))) + 1e-8);
    }
  }
}
`;

let shared;

/** This page's own device, for kernels that are not the library's. */
export async function device() {
  shared ??= (async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) throw new Error("This browser offers no GPU, which landscapes are computed on.");
    return adapter.requestDevice();
  })();
  return shared;
}

/** The optimisers, in the order of their numbers in the kernel. */
export const OPTIMISERS = ["Gradient descent", "Momentum 0.9", "Adam"];

/** Compiles a function `fn f(x: f32, y: f32) -> f32`. Throws a `FunctionError` that names the line. */
export async function compiled(text) {
  const gpu = await device();
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ code: text + CALLS });
  const { messages } = await module.getCompilationInfo();
  const wrong = messages.find((message) => message.type === "error");
  await gpu.popErrorScope();
  if (wrong) {
    const lines = text.split("\n").length;
    const place = wrong.lineNum <= lines ? `Line ${wrong.lineNum}, column ${wrong.linePos}` : "The function";
    throw new FunctionError(`${place}: ${wrong.message}`);
  }
  const pipeline = (entryPoint) => gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint } });
  const [surface, path] = await Promise.all([pipeline("surface"), pipeline("path")]);
  return {
    surface: ({ x, y, size }) => run(gpu, surface, [...x, ...y, size, size, 0, 0], size * size, Math.ceil((size * size) / 64)),
    path: ([x, y], kind, rate, points) => run(gpu, path, [x, 0, y, 0, points, 1, kind, rate], 3 * points, 1),
  };
}

/** Runs a kernel, and reads its results. */
async function run(gpu, pipeline, asked, length, workgroups) {
  const uniform = new ArrayBuffer(32);
  new Float32Array(uniform).set(asked.slice(0, 4), 0);
  new Uint32Array(uniform).set(asked.slice(4, 7), 4);
  new Float32Array(uniform)[7] = asked[7];
  const parameters = gpu.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  gpu.queue.writeBuffer(parameters, 0, uniform);
  const values = gpu.createBuffer({ size: 4 * length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const entries = [parameters, values].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(workgroups);
  pass.end();
  const read = await readBack(gpu, encoder, values, 4 * length);
  for (const buffer of [parameters, values]) buffer.destroy();
  return read;
}

/** Submits the recorded commands, and reads a buffer. */
export async function readBack(gpu, encoder, buffer, bytes) {
  const staging = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
  gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const numbers = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return numbers;
}
