// Landscapes: a function or a network's loss as a surface that can be turned, and an optimiser's path down it.

import { el, labelled, latest, select, short } from "../lib/dom.js";
import { around } from "../lib/digits.js";
import { map, pointed, prepared, surface } from "../lib/surface.js";
import { redrawn } from "../lib/theme.js";
import { compiled, OPTIMISERS } from "../lib/wgsl.js";

/** The number of points of a path: its start, and one for each of 200 steps. */
const POINTS = 201;

/** The landscapes: functions with their WGSL text, and the network, which has no text. */
const LANDSCAPES = {
  himmelblau: {
    name: "Himmelblau’s function", x: [-6, 6], y: [-6, 6], size: 160, start: [-4.5, 4.5], rates: [0.004, 0.001, 0.3],
    text: "fn f(x: f32, y: f32) -> f32 {\n  let a = (x * x) + y - 11.0;\n  let b = x + (y * y) - 7.0;\n  return (a * a) + (b * b);\n}",
  },
  rosenbrock: {
    name: "Rosenbrock’s valley", x: [-2, 2], y: [-1, 3], size: 160, start: [-1.5, 2], rates: [0.001, 0.0005, 0.1],
    text: "fn f(x: f32, y: f32) -> f32 {\n  let a = 1.0 - x;\n  let b = y - (x * x);\n  return (a * a) + (100.0 * b * b);\n}",
  },
  digits: { name: "A network’s loss on digits", x: [-1, 1], y: [-1, 1], size: 41, start: [-0.8, 0.7], rates: [0.05, 0.01, 0.03] },
};

/** Shows the landscape that the address names. */
export async function show(main, [id], signal) {
  const view = new Landscape(LANDSCAPES[id] ? id : "himmelblau", signal);
  main.append(
    el("h1", {}, "The landscape of a loss"),
    el("p", { class: "lead" }, "Every point is computed on the GPU. Turn the surface, click a start on the map, and watch an optimiser go down."),
    el("div", { class: "columns" }, view.settings(),
      el("div", {}, view.said, el("div", { class: "cards" },
        el("div", {}, el("h2", { id: "surface-name" }, "Surface"), view.surface, view.turns()),
        el("div", {}, el("h2", {}, "Map"), view.map, el("p", { class: "hint" }, "Click to start there."))))),
  );
  redrawn(view.surface.parentElement, signal, () => view.draw());
  await view.open();
}

class Landscape {
  constructor(id, signal) {
    Object.assign(this, { id, signal, kind: 2, view: { around: -0.6, above: 0.55 }, path: [], from: [0, 0] });
    this.surface = el("canvas", { class: "drag", role: "img", tabindex: "0", "aria-label": "The surface. Arrow keys turn it." });
    this.map = el("canvas", { role: "img", style: "cursor: crosshair" });
    this.said = el("p", { role: "status" }, "Computing…");
    this.walk = latest(() => this.walked());
    this.turning();
    this.map.addEventListener("click", (event) => this.grid && this.startAt(pointed(this.map, this.grid, event)));
  }

  get chosen() {
    return LANDSCAPES[this.id];
  }

  settings() {
    const pick = select(Object.entries(LANDSCAPES).map(([id, { name }]) => [id, name]), this.id, (id) => (location.hash = `landscape/${id}`));
    const kinds = select(OPTIMISERS.map((name, kind) => [String(kind), name]), String(this.kind), (kind) => {
      this.kind = Number(kind);
      this.rate.value = this.chosen.rates[this.kind];
      this.walk();
    });
    const number = (value) => el("input", { type: "number", step: "any", value, onchange: () => this.walk() });
    this.rate = number(this.chosen.rates[this.kind]);
    this.inputs = this.chosen.start.map(number);
    this.text = el("textarea", { rows: "8", spellcheck: "false" }, this.chosen.text ?? "");
    const text = this.chosen.text && [
      labelled("The function, in WGSL", this.text, el("small", {}, "Any f(x, y) that WebGPU compiles.")),
      el("button", { type: "button", onclick: () => this.open() }, "Compute"),
    ];
    return el("div", {},
      labelled("Landscape", pick), labelled("Optimiser", kinds), labelled("Learning rate", this.rate),
      labelled("Start at x", this.inputs[0]), labelled("Start at y", this.inputs[1]), text ?? []);
  }

  /** Buttons that turn the surface, for visitors who don't drag. */
  turns() {
    const turn = (name, around, above) => el("button", { type: "button", class: "quiet", onclick: () => this.turn(around, above) }, name);
    return el("div", { class: "row", role: "group", "aria-label": "Turn the surface" },
      turn("Turn left", 0.25, 0), turn("Turn right", -0.25, 0), turn("Higher", 0, 0.12), turn("Lower", 0, -0.12));
  }

  turn(around, above) {
    this.view.around += around;
    this.view.above = Math.min(Math.max(this.view.above + above, 0.12), 1.5);
    this.draw();
  }

  turning() {
    let last;
    this.surface.addEventListener("pointerdown", (event) => {
      last = [event.clientX, event.clientY];
      this.surface.setPointerCapture(event.pointerId);
    });
    this.surface.addEventListener("pointermove", (event) => {
      if (!last) return;
      this.turn((last[0] - event.clientX) * 0.01, (event.clientY - last[1]) * 0.006);
      last = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"]) this.surface.addEventListener(name, () => (last = undefined));
    const keys = { ArrowLeft: [0.15, 0], ArrowRight: [-0.15, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    this.surface.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      this.turn(...keys[event.key]);
    });
  }

  /** Computes the values over the grid, and the path. */
  async open() {
    const { x, y, size, text } = this.chosen;
    this.said.classList.remove("error");
    try {
      if (text) {
        this.function = await compiled(this.text.value);
        this.grid = prepared({ x, y, size, values: await this.function.surface({ x, y, size }) });
      } else {
        const progress = (words) => (this.said.textContent = words);
        this.grid = prepared({ x, y, size, values: await around(size, progress, this.signal) });
      }
      if (!this.signal.aborted) await this.walk();
    } catch (error) {
      if (this.signal.aborted) return;
      this.said.textContent = error.message;
      this.said.classList.add("error");
    }
  }

  startAt(point) {
    point.forEach((value, k) => (this.inputs[k].value = value.toFixed(3)));
    return this.walk();
  }

  async walked() {
    if (!this.grid) return;
    const start = this.inputs.map((input) => Number(input.value));
    const rate = Number(this.rate.value);
    const flat = this.function
      ? await this.function.path(start, this.kind, rate, POINTS)
      : overGrid(this.grid, start, this.kind, rate);
    const points = Array.from({ length: flat.length / 3 }, (_, k) => Array.from(flat.subarray(3 * k, 3 * k + 3)));
    const end = points.findIndex((point) => !point.every(Number.isFinite));
    this.path = end < 0 ? points : points.slice(0, Math.max(end, 1));
    const [x, y, value] = this.path[this.path.length - 1];
    const gone = end < 0 ? "" : " Then it became NaN or infinite: take a smaller learning rate.";
    this.said.textContent = `${OPTIMISERS[this.kind]}, ${this.path.length - 1} steps from (${start.map(short).join(", ")}): ends at (${short(x)}, ${short(y)}), where the loss is ${short(value)}.${gone}`;
    this.draw();
  }

  draw() {
    if (!this.grid || !this.surface.isConnected) return;
    surface(this.surface, this.grid, this.path, this.view);
    map(this.map, this.grid, this.path);
    const { low, high } = this.grid;
    this.map.setAttribute("aria-label", `Map of ${this.chosen.name}: from ${short(low)} to ${short(high)}. ${this.said.textContent}`);
  }
}

/** An optimiser's path over the grid's interpolated values, with slopes by finite differences, since the network has no WGSL function. */
function overGrid(grid, [x, y], kind, rate) {
  const flat = new Float32Array(3 * POINTS);
  const step = (grid.x[1] - grid.x[0]) / (grid.size - 1);
  const value = (x, y) => between(grid, x, y);
  let [m, v] = [[0, 0], [0, 0]];
  const p = [x, y];
  for (let k = 0; k < POINTS; k++) {
    flat.set([...p, value(...p)], 3 * k);
    const slope = [value(p[0] + step, p[1]) - value(p[0] - step, p[1]), value(p[0], p[1] + step) - value(p[0], p[1] - step)];
    slope.forEach((difference, axis) => {
      const g = difference / (2 * step);
      if (kind === 0) p[axis] -= rate * g;
      if (kind === 1) p[axis] -= rate * (m[axis] = 0.9 * m[axis] + g);
      if (kind === 2) {
        m[axis] = 0.9 * m[axis] + 0.1 * g;
        v[axis] = 0.99 * v[axis] + 0.01 * g * g;
        p[axis] -= (rate * m[axis]) / (1 - 0.9 ** (k + 1)) / (Math.sqrt(v[axis] / (1 - 0.99 ** (k + 1))) + 1e-8);
      }
      p[axis] = Math.min(Math.max(p[axis], grid.x[0]), grid.x[1]);
    });
  }
  return flat;
}

/** The value at a point of the grid, interpolated. */
function between({ x, y, size, values }, px, py) {
  const place = (p, [from, to]) => Math.min(Math.max(((p - from) / (to - from)) * (size - 1), 0), size - 1.001);
  const [column, row] = [place(px, x), place(py, y)];
  const [i, j] = [Math.floor(column), Math.floor(row)];
  const [u, v] = [column - i, row - j];
  const at = (i, j) => values[j * size + i];
  return (at(i, j) * (1 - u) + at(i + 1, j) * u) * (1 - v) + (at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u) * v;
}
