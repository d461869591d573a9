// Verifies this browser: runs the conformance cases of every loss on the visitor's GPU.

import { el, painted } from "../lib/dom.js";
import { catalogue, needed } from "../lib/gpu.js";

/** Shows the table, and runs the cases when asked. */
export async function show(main, _, signal) {
  const ids = [...(await catalogue()).keys()].sort();
  // a run ends after the case that it is at, and the next one begins only then
  const state = { running: false, stopped: false };
  signal.addEventListener("abort", () => (state.stopped = true));
  const bar = el("progress", { max: ids.length, value: 0, "aria-label": "Losses verified" });
  const said = el("p", { role: "status" }, `${ids.length} losses to verify.`);
  const rows = new Map(ids.map((id) => [id, row(id)]));
  const start = el("button", { type: "button" }, "Verify this browser");
  start.addEventListener("click", () => {
    if (state.running) state.stopped = true;
    else run(ids, rows, { state, bar, said, start });
  });
  main.append(
    el("h1", {}, "Verify this browser"),
    el("p", { class: "lead" }, "Runs every conformance case on your GPU: inputs, and the losses and gradients that PyTorch computed of them in 64 bits. A case runs from host arrays, from uploaded tensors and from slices of a buffer; refusals and bad labels are among the cases."),
    el("div", { class: "row" }, start), bar, said,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Results" },
      el("table", {},
        el("thead", {}, el("tr", {},
          el("th", { scope: "col" }, "Loss"), el("th", { scope: "col", class: "number" }, "Passed"),
          el("th", { scope: "col", class: "number" }, "Failed"), el("th", { scope: "col", class: "number" }, "Worst error / tolerance"))),
        el("tbody", {}, [...rows.values()].map(({ line }) => line)))),
  );
}

function row(id) {
  const cells = [1, 2, 3].map(() => el("td", { class: "number" }, "–"));
  return { line: el("tr", {}, el("th", { scope: "row" }, el("code", {}, id)), cells), cells };
}

async function run(ids, rows, { state, bar, said, start }) {
  Object.assign(state, { running: true, stopped: false });
  start.textContent = "Stop";
  said.classList.remove("error");
  const total = { passed: 0, failed: 0 };
  const began = performance.now();
  try {
    const gpu = await needed();
    for (const [place, id] of ids.entries()) {
      if (state.stopped) break;
      const { cells } = rows.get(id);
      let done = 0;
      const progress = () => {
        said.textContent = `${id}: case ${++done}`;
        return !state.stopped;
      };
      const [json, tensors] = await Promise.all(["json", "safetensors"].map((kind) => bytes(`cases/${id}.${kind}`)));
      const { passed, failed, worst, failures } = await gpu.verify(id, json, tensors, progress);
      total.passed += passed;
      total.failed += failed;
      cells[0].textContent = passed;
      cells[0].className = "number good";
      cells[1].textContent = failed;
      cells[1].className = failed ? "number bad" : "number";
      cells[2].textContent = worst.toFixed(3);
      if (failed) cells[1].append(el("details", {}, el("summary", {}, "why"), el("pre", { tabindex: "0" }, failures.join("\n"))));
      bar.value = place + 1;
      await painted();
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    said.textContent = `${total.passed} cases passed, ${total.failed} failed, in ${seconds} s.`;
  } catch (error) {
    said.textContent = error.message ?? String(error);
    said.classList.add("error");
  }
  state.running = false;
  start.textContent = "Verify this browser";
}

async function bytes(address) {
  const response = await fetch(new URL(`../${address}`, import.meta.url));
  if (!response.ok) throw new Error(`${address} is not there`);
  return new Uint8Array(await response.arrayBuffer());
}
