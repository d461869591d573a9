// Measures this browser: the bytes a second of losses with their gradients, compared with a copy on the same GPU.

import { el, labelled, painted, select } from "../lib/dom.js";
import { catalogue, needed } from "../lib/gpu.js";
import { callOf } from "../lib/sizes.js";
import { device } from "../lib/wgsl.js";

/** The numbers of elements that a prediction may have, and the initial choice. */
const SIZES = [1 << 16, 1 << 20, 1 << 24];
const USUAL = 1 << 20;

/** Shows the table, and measures when asked. */
export async function show(main, _, signal) {
  // `callOf` makes operands, so the smallest size is used
  const losses = [...(await catalogue()).values()].filter((loss) => callOf(loss, SIZES[0]));
  const body = el("tbody");
  const said = el("p", { role: "status" }, `${losses.length} losses. Sums of losses are left out.`);
  // a run ends after the loss that it is at, and the next one begins only then
  const state = { running: false, stopped: false, elements: USUAL };
  const sizes = select(SIZES.map((size) => [String(size), size.toLocaleString("en")]), String(USUAL), (size) => (state.elements = Number(size)));
  signal.addEventListener("abort", () => (state.stopped = true));
  const start = el("button", { type: "button" }, "Bench this browser");
  start.addEventListener("click", async () => {
    if (state.running) return void (state.stopped = true);
    Object.assign(state, { running: true, stopped: false });
    start.textContent = "Stop";
    said.classList.remove("error");
    try {
      await run(losses, body, said, state);
    } catch (error) {
      said.textContent = error.message;
      said.classList.add("error");
    }
    state.running = false;
    start.textContent = "Bench this browser";
  });
  main.append(
    el("h1", {}, "Bench this browser"),
    el("p", { class: "lead" }, "How many bytes a second pass through each loss with its gradient, beside a plain copy. A loss cannot be faster than a copy of what it reads and writes. Losses that compare all rows with all others, and those of windows, compute more than they read."),
    el("div", { class: "row" }, labelled("Elements of a prediction", sizes), start), said,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Measurements" },
      el("table", {},
        el("thead", {}, el("tr", {}, ["Loss", "ms", "GB/s", "Share of a copy"].map((name, k) => el("th", { scope: "col", class: k ? "number" : undefined }, name)))),
        body)),
  );
}

async function run(losses, body, said, state) {
  body.replaceChildren();
  const gpu = await needed();
  said.textContent = "Measuring a copy…";
  await painted();
  const { elements } = state;
  const copy = await copied(elements);
  row(body, "copy", copy.milliseconds, copy.rate, 1);
  for (const loss of losses) {
    if (state.stopped) break;
    said.textContent = `Measuring ${loss.id}…`;
    await painted();
    try {
      const { milliseconds, rate } = await measured(gpu, loss, elements);
      row(body, loss.id, milliseconds, rate, rate / copy.rate);
    } catch (error) {
      // a GPU may not have the memory for every loss
      body.append(el("tr", {}, head(loss.id), el("td", { colspan: 3, class: "error" }, error.message)));
    }
  }
  said.textContent = state.stopped ? "Stopped." : "Done.";
}

/** The milliseconds of a loss with its gradient, and its rate in gigabytes a second. */
async function measured(gpu, loss, elements) {
  const { operands, options, bytes } = callOf(loss, elements);
  const job = await gpu.prepare(loss.id, operands, options);
  const milliseconds = await timed((runs) => job.repeat(runs));
  job.free();
  return { milliseconds, rate: bytes / milliseconds / 1e6 };
}

const head = (name) => el("th", { scope: "row" }, el("code", {}, name));

function row(body, name, milliseconds, rate, share) {
  const number = (text) => el("td", { class: "number" }, text);
  body.append(el("tr", {}, head(name), number(milliseconds.toFixed(2)), number(rate.toFixed(2)), number(`${Math.round(100 * share)} %`)));
}

/** The milliseconds of a run: the least mean of three series, each of about 0.15 s or at most 200 runs. */
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

/** The milliseconds and the rate of a copy of `elements` f32. */
async function copied(elements) {
  const gpu = await device();
  const bytes = 4 * elements;
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
