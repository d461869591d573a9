// Bench this browser: the bytes a second of losses with their gradients, beside a copy on the same GPU.

import { el, painted } from "../lib/dom.js";
import { catalogue, needed, tensor } from "../lib/gpu.js";
import { device } from "../lib/wgsl.js";

/** Elements of a prediction. */
const ELEMENTS = 1 << 20;
const CLASSES = 16;

/** Shows the table, and measures when asked. */
export async function show(main, _, signal) {
  const measured = [...(await catalogue()).values()].map((loss) => ({ loss, call: callOf(loss) })).filter(({ call }) => call);
  const body = el("tbody");
  const said = el("p", { role: "status" }, `${measured.length} losses, each of ${ELEMENTS.toLocaleString("en")} elements.`);
  const state = { going: false };
  signal.addEventListener("abort", () => (state.going = false));
  const start = el("button", { type: "button" }, "Bench this browser");
  start.addEventListener("click", async () => {
    if (state.going) return void (state.going = false);
    state.going = true;
    start.textContent = "Stop";
    try {
      await run(measured, body, said, state);
    } catch (error) {
      said.textContent = error.message;
      said.classList.add("error");
    }
    state.going = false;
    start.textContent = "Bench this browser";
  });
  main.append(
    el("h1", {}, "Bench this browser"),
    el("p", { class: "lead" }, "How many bytes a second pass through each loss with its gradient, beside a plain copy. A loss cannot be faster than a copy of what it reads and writes."),
    el("div", { class: "row" }, start), said,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Measurements" },
      el("table", {},
        el("thead", {}, el("tr", {}, ["Loss", "ms", "GB/s", "Share of a copy"].map((name, k) => el("th", { scope: "col", class: k ? "number" : undefined }, name)))),
        body)),
  );
}

/** The operands of a loss at a real size; nothing for losses that compare rows, or need tables. */
function callOf(loss) {
  const given = loss.operands.filter((operand) => !operand.optional);
  const rows = ELEMENTS / CLASSES;
  const shapes = {
    Element: () => tensor(numbers(ELEMENTS)),
    Classes: () => tensor(numbers(ELEMENTS), [rows, CLASSES]),
    Labels: () => tensor(Int32Array.from({ length: rows }, (_, k) => k % CLASSES)),
  };
  shapes.Target = shapes.Labels;
  if (!given.every(({ role, domain }) => shapes[role] && domain !== "Corners")) return undefined;
  const options = { reduction: "mean", gradients: given.filter((operand) => operand.gradient).slice(0, 1).map(({ name }) => name) };
  return {
    operands: () => Object.fromEntries(given.map(({ name, role }) => [name, shapes[role]()])),
    options,
    // every operand is read once, and the gradient written
    bytes: given.reduce((sum, { role }) => sum + 4 * (role === "Labels" || role === "Target" ? rows : ELEMENTS), 4 * ELEMENTS),
  };
}

/** Numbers between 0 and 1, which every domain but logs and signs holds. */
const numbers = (length) => Float32Array.from({ length }, (_, k) => 0.01 + ((k * 0.618034) % 0.98));

async function run(measured, body, said, state) {
  body.replaceChildren();
  const gpu = await needed();
  said.textContent = "Measuring a copy…";
  await painted();
  const copy = await copied();
  row(body, "copy", copy.milliseconds, copy.rate, 1);
  for (const { loss, call } of measured) {
    if (!state.going) break;
    said.textContent = `Measuring ${loss.id}…`;
    await painted();
    const job = await gpu.prepare(loss.id, call.operands(), call.options);
    const milliseconds = await timed((runs) => job.repeat(runs));
    job.free();
    const rate = call.bytes / milliseconds / 1e6;
    row(body, loss.id, milliseconds, rate, rate / copy.rate);
  }
  said.textContent = state.going ? "Done." : "Stopped.";
}

function row(body, name, milliseconds, rate, share) {
  const number = (text) => el("td", { class: "number" }, text);
  body.append(el("tr", {}, el("th", { scope: "row" }, el("code", {}, name)),
    number(milliseconds.toFixed(2)), number(rate.toFixed(2)), number(`${Math.round(100 * share)} %`)));
}

/** The milliseconds of a run: the least mean of three series that take about 0.15 s each. */
async function timed(repeat) {
  await repeat(2);
  const series = async (runs) => {
    const began = performance.now();
    await repeat(runs);
    return (performance.now() - began) / runs;
  };
  const first = await series(2);
  const runs = Math.min(Math.max(Math.round(150 / Math.max(first, 0.01)), 1), 200);
  let least = Infinity;
  for (let k = 0; k < 3; k++) least = Math.min(least, await series(runs));
  return least;
}

/** A copy of as many bytes as a loss reads and writes. */
async function copied() {
  const gpu = await device();
  const bytes = 4 * ELEMENTS * 4;
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [from, to] = [gpu.createBuffer({ size: bytes, usage }), gpu.createBuffer({ size: bytes, usage })];
  const milliseconds = await timed(async (runs) => {
    const encoder = gpu.createCommandEncoder();
    for (let run = 0; run < runs; run++) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
  });
  for (const buffer of [from, to]) buffer.destroy();
  return { milliseconds, rate: (2 * bytes) / milliseconds / 1e6 };
}
