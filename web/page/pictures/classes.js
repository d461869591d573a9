// The loss of three classes as a heat map over the logits of two of them; the third is 0. Arrows point down the gradient.

import { el, labelled, latest, select, short } from "../lib/dom.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { fitted } from "../lib/plot.js";
import { heat } from "../lib/heat.js";
import { colour, redrawn } from "../lib/theme.js";

const SIDE = 81;
const END = 6;
/** An arrow at every so many points. */
const ARROWS = 8;

/** Shows the map. Gives what draws it again. */
export async function picture(loss, into, options, signal) {
  const target = loss.operands.find(({ role }) => role === "Target" || role === "Labels");
  const others = loss.operands.filter((operand) => !operand.optional && operand !== target);
  if (!target || others.length !== 1) {
    into.replaceChildren(el("p", { class: "hint" }, "This loss takes more than logits and labels: no small picture shows it."));
    return undefined;
  }
  let label = 0;
  const canvas = el("canvas", { role: "img" });
  const said = el("p", { class: "hint", role: "status" });
  const draw = latest(async () => {
    try {
      const { values, gradient } = await computed(loss, others[0].name, target.name, label, options);
      if (signal.aborted) return;
      const [low, high] = drawn(canvas, values, gradient);
      said.textContent = `${loss.id} of label ${label}: from ${short(low)} to ${short(high)} for logits of class 0 and 1 between −${END} and ${END}, beside a third logit of 0. Arrows point down the gradient.`;
      canvas.setAttribute("aria-label", said.textContent);
    } catch (error) {
      said.textContent = error.message;
    }
  });
  const menu = select([0, 1, 2].map((k) => [String(k), `class ${k}`]), "0", (value) => {
    label = Number(value);
    draw();
  });
  into.replaceChildren(canvas, said, el("div", { class: "row" }, labelled("The label", menu)));
  redrawn(canvas.parentElement, signal, draw);
  await draw();
  return draw;
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

/** Draws the map, and gives its least and greatest value. */
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
      arrow(context, (column + 0.5) * cell, (row + 0.5) * cell, -gradient[3 * k], gradient[3 * k + 1], ARROWS * cell);
    }
  }
  context.fillStyle = colour("quiet");
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.fillText(`logit of class 0, −${END} to ${END} →    logit of class 1 ↑`, 2, side + 8);
  return [low, high];
}

function arrow(context, x, y, dx, dy, most) {
  const size = Math.hypot(dx, dy);
  if (!(size > 1e-4)) return;
  const length = Math.min(size, 1) * most * 0.9;
  const [ux, uy] = [dx / size, dy / size];
  context.strokeStyle = "rgba(255, 255, 255, 0.9)";
  context.fillStyle = context.strokeStyle;
  context.lineWidth = 1.4;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + ux * length, y + uy * length);
  context.stroke();
  context.beginPath();
  context.arc(x + ux * length, y + uy * length, 2, 0, 7);
  context.fill();
}
