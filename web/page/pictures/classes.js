// The loss of three classes as a heat map over the logits of two of them; the third is 0. Arrows point down the gradient.

import { el, labelled, select, short } from "../lib/dom.js";
import { framed, instead } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { heat } from "../lib/heat.js";
import { arrow, fitted } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

const SIDE = 81;
const END = 6;
/** The distance between two arrows, in points of the map. */
const ARROWS = 8;

/** Shows the map. Returns a function that draws it again. */
export async function picture(loss, into, options, signal) {
  const target = loss.operands.find(({ role }) => role === "Target" || role === "Labels");
  const others = loss.operands.filter((operand) => !operand.optional && operand !== target);
  if (!target || others.length !== 1) {
    return instead(into, "This loss takes more than logits and labels: no small picture shows it.");
  }
  let label = 0;
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { values, gradient } = await computed(loss, others[0].name, target.name, label, options);
    const [low, high] = drawn(canvas, values, gradient);
    return `${loss.id} of label ${label}: from ${short(low)} to ${short(high)} for logits of class 0 and 1 between −${END} and ${END}, beside a third logit of 0. Arrows point down the gradient.`;
  });
  const menu = select([0, 1, 2].map((k) => [String(k), `class ${k}`]), "0", (value) => {
    label = Number(value);
    draw();
  });
  into.replaceChildren(canvas, said, el("div", { class: "row" }, labelled("The label", menu)));
  return start();
}

const along = (k) => -END + (2 * END * k) / (SIDE - 1);

async function computed(loss, input, target, label, options) {
  const logits = new Float32Array(3 * SIDE * SIDE);
  for (let k = 0; k < SIDE * SIDE; k++) {
    logits[3 * k] = along(k % SIDE);
    logits[3 * k + 1] = along(SIDE - 1 - Math.floor(k / SIDE));
  }
  const operands = { [input]: tensor(logits, [SIDE * SIDE, 3]), [target]: tensor(new Int32Array(SIDE * SIDE).fill(label)) };
  const { values, gradients } = await evaluate(loss.id, operands, { ...options, reduction: "none", gradients: [input] });
  return { values: values.data, gradient: gradients[input].data };
}

/** Draws the map. Returns its least and greatest value. */
function drawn(canvas, values, gradient) {
  const side = Math.min(canvas.clientWidth || 300, 460);
  const { context } = fitted(canvas, side + 24);
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const cell = side / SIDE;
  values.forEach((value, k) => {
    context.fillStyle = heat((value - low) / (high - low || 1));
    context.fillRect(Math.floor((k % SIDE) * cell), Math.floor(Math.floor(k / SIDE) * cell), Math.ceil(cell) + 1, Math.ceil(cell) + 1);
  });
  for (let row = ARROWS / 2; row < SIDE; row += ARROWS) {
    for (let column = ARROWS / 2; column < SIDE; column += ARROWS) {
      const k = row * SIDE + column;
      const down = [-gradient[3 * k], gradient[3 * k + 1]];
      const size = Math.hypot(...down);
      if (!(size > 1e-4)) continue;
      const from = [(column + 0.5) * cell, (row + 0.5) * cell];
      const length = (Math.min(size, 1) * ARROWS * cell * 0.9) / size;
      arrow(context, from, from.map((place, axis) => place + down[axis] * length), "rgba(255, 255, 255, 0.9)", 1.4);
    }
  }
  context.fillStyle = colour("quiet");
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.fillText(`logit of class 0, −${END} to ${END} →    logit of class 1 ↑`, 2, side + 8);
  return [low, high];
}
