// Regions that can be painted: the loss of a predicted region against a target, and the direction of its gradient.

import { greatest } from "../lib/descent.js";
import { el, labelled, select, short } from "../lib/dom.js";
import { framed, legend } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { fitted } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

const [COLUMNS, ROWS] = [32, 20];
/** The logit of a painted position. */
const SURE = 3;

const disc = (x, y, radius) => (k) => Math.hypot((k % COLUMNS) - x, Math.floor(k / COLUMNS) - y) < radius;
const filled = (test) => Uint8Array.from({ length: COLUMNS * ROWS }, (_, k) => Number(test(k)));

/** Shows the regions. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const regions = { prediction: filled(disc(12, 9, 6)), target: filled(disc(18, 10, 6.5)) };
  const state = { painted: "prediction", brush: 1 };
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { value, gradient } = await computed(loss, regions, options);
    drawn(canvas, regions, gradient);
    const found = regions.prediction.reduce((sum, is, k) => sum + (is & regions.target[k]), 0);
    const all = regions.prediction.reduce((sum, is, k) => sum + (is | regions.target[k]), 0);
    return `${loss.id}: loss ${short(value)}; the painted regions’ IoU is ${short(all ? found / all : 1)}. Bars show the gradient of each logit: up asks for more, down for less.`;
  }, { class: "paint" });
  const menu = select([["prediction", "the prediction"], ["target", "the target"]], state.painted, (name) => (state.painted = name));
  const brush = select([["1", "paint"], ["0", "erase"]], "1", (value) => (state.brush = Number(value)));
  const move = (dx, dy) => () => {
    regions.prediction = moved(regions.prediction, dx, dy);
    draw();
  };
  const arrows = [["←", "left", -1, 0], ["→", "right", 1, 0], ["↑", "up", 0, -1], ["↓", "down", 0, 1]];
  into.replaceChildren(canvas,
    legend(["c1", "predicted"], ["c2", "target", "dashed"], ["good", "the gradient asks for more"], ["bad", "for less"]),
    said,
    el("div", { class: "row" }, labelled("Draw on", menu), labelled("Brush", brush),
      el("div", { role: "group", "aria-label": "Move the prediction" },
        arrows.map(([sign, name, dx, dy]) =>
          el("button", { type: "button", class: "quiet", "aria-label": `Move the prediction ${name}`, onclick: move(dx, dy) }, sign)))));
  painting(canvas, (k) => {
    if (regions[state.painted][k] === state.brush) return;
    regions[state.painted][k] = state.brush;
    draw();
  });
  return start();
}

/** The region, moved by `dx` and `dy`. */
const moved = (region, dx, dy) =>
  filled((k) => {
    const [x, y] = [(k % COLUMNS) - dx, Math.floor(k / COLUMNS) - dy];
    return x >= 0 && x < COLUMNS && y >= 0 && y < ROWS && region[y * COLUMNS + x];
  });

async function computed(loss, { prediction, target }, options) {
  const [input, labels] = loss.operands.map((operand) => operand.name);
  // there are two classes, of which the second is the region
  const logits = new Float32Array(2 * COLUMNS * ROWS);
  const sure = options.activation === "none" ? [0.05, 0.95] : [-SURE / 2, SURE / 2];
  prediction.forEach((is, k) => {
    logits[k] = sure[1 - is];
    logits[COLUMNS * ROWS + k] = sure[is];
  });
  const operands = { [input]: tensor(logits, [1, 2, ROWS, COLUMNS]), [labels]: tensor(target, [1, ROWS, COLUMNS]) };
  const { value, gradients } = await evaluate(loss.id, operands, { ...options, gradients: [input] });
  return { value, gradient: gradients[input].data.subarray(COLUMNS * ROWS) };
}

const cellOf = (canvas) => Math.min((canvas.clientWidth || 300) / COLUMNS, 22);

/** Calls `paint` with each position that the pointer passes while it is down. */
function painting(canvas, paint) {
  let down = false;
  const at = (event) => {
    const [x, y] = [event.offsetX, event.offsetY].map((side) => Math.floor(side / cellOf(canvas)));
    for (const [i, j] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      if (x + i >= 0 && x + i < COLUMNS && y + j >= 0 && y + j < ROWS) paint((y + j) * COLUMNS + x + i);
    }
  };
  canvas.addEventListener("pointerdown", (event) => {
    down = true;
    canvas.setPointerCapture(event.pointerId);
    at(event);
  });
  canvas.addEventListener("pointermove", (event) => down && at(event));
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (down = false));
}

function drawn(canvas, { prediction, target }, gradient) {
  const cell = cellOf(canvas);
  const { context } = fitted(canvas, ROWS * cell);
  context.fillStyle = colour("raised");
  context.fillRect(0, 0, COLUMNS * cell, ROWS * cell);
  const most = greatest(gradient);
  for (let k = 0; k < COLUMNS * ROWS; k++) {
    const [x, y] = [(k % COLUMNS) * cell, Math.floor(k / COLUMNS) * cell];
    if (prediction[k]) {
      context.globalAlpha = 0.4;
      context.fillStyle = colour("c1");
      context.fillRect(x, y, cell + 0.5, cell + 0.5);
      context.globalAlpha = 1;
    }
    const height = (gradient[k] / most) * cell * 0.48;
    context.fillStyle = colour(gradient[k] < 0 ? "good" : "bad");
    // a step goes against the gradient, so a negative gradient is drawn upwards
    context.fillRect(x + cell * 0.35, y + cell / 2 + Math.min(height, 0), cell * 0.3, Math.abs(height));
  }
  context.strokeStyle = colour("c2");
  context.lineWidth = 2.5;
  context.setLineDash([5, 3]);
  const inside = (x, y) => x >= 0 && x < COLUMNS && y >= 0 && y < ROWS && target[y * COLUMNS + x];
  context.beginPath();
  for (let y = 0; y <= ROWS; y++) {
    for (let x = 0; x <= COLUMNS; x++) {
      if (Boolean(inside(x, y)) !== Boolean(inside(x - 1, y))) edge(context, x, y, x, y + 1, cell);
      if (Boolean(inside(x, y)) !== Boolean(inside(x, y - 1))) edge(context, x, y, x + 1, y, cell);
    }
  }
  context.stroke();
  context.setLineDash([]);
}

function edge(context, x, y, toX, toY, cell) {
  context.moveTo(x * cell, y * cell);
  context.lineTo(toX * cell, toY * cell);
}
