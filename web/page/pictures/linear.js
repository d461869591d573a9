// A linear layer and its loss on points in a plane: the predicted class everywhere, and the direction that lowers the loss.

import { greatest } from "../lib/descent.js";
import { short } from "../lib/dom.js";
import { framed, legend, stepButtons } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { arrow, dot, fitted } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

const COLOURS = ["c1", "c2", "c3"];
const MIDDLES = [[-1.4, 0.6], [1.3, 0.9], [0.2, -1.1]];
const EACH = 7;
const REACH = [3, 1.9];
const RATE = 0.5;
/** The side in pixels of the squares that show the predicted class. */
const CELL = 6;

/** Shows the points. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const points = MIDDLES.flatMap(([x, y], label) =>
    Array.from({ length: EACH }, (_, k) => [x + 0.75 * Math.cos(2.4 * k) * (0.3 + k / EACH), y + 0.6 * Math.sin(2.4 * k) * (0.3 + k / EACH), label]));
  const named = (role) => loss.operands.find((operand) => operand.role === role)?.name;
  const [rows, ofBias] = [named("Rows"), named("PerProjection")];
  // a loss of cosines has no bias, and its gradient is multiplied by its scale s
  const cosines = !ofBias;
  const rate = RATE / (options.s ?? 1);
  const first = () => ({ weight: [0.2, 0.5, -0.5, 0.1, 0.3, 0.4], bias: [0, 0, 0], cosines, steps: 0 });
  const state = first();
  const compute = () =>
    evaluate(loss.id, {
      [rows]: tensor(Float32Array.from(points.flatMap(([x, y]) => [x, y])), [points.length, 2]),
      weight: tensor(Float32Array.from(state.weight), [MIDDLES.length, 2]),
      target: tensor(Int32Array.from(points, ([, , label]) => label)),
      ...(ofBias && { [ofBias]: tensor(Float32Array.from(state.bias)) }),
    }, options);
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { value, gradients } = await compute();
    drawn(canvas, state, points, gradients[rows].data);
    const right = points.filter(([x, y, label]) => winner(state, x, y) === label).length;
    return `${loss.id}: loss ${short(value)} after ${state.steps} steps; ${right} of ${points.length} points lie where their class wins. Arrows point down the gradient of each point.`;
  });
  const step = async () => {
    const { gradients } = await compute();
    for (const name of cosines ? ["weight"] : ["weight", "bias"]) {
      state[name] = state[name].map((number, k) => number - rate * gradients[name].data[k]);
    }
    state.steps += 1;
    await draw();
  };
  const reset = () => {
    Object.assign(state, first());
    draw();
  };
  into.replaceChildren(canvas, legend(...COLOURS.map((name, k) => [name, `class ${k}`])), said, stepButtons(signal, step, "Reset", reset));
  return start();
}

/** The class with the greatest logit at a point. For cosines, the weights are divided by their lengths. */
function winner({ weight, bias, cosines }, x, y) {
  const length = (k) => (cosines ? Math.hypot(weight[2 * k], weight[2 * k + 1]) : 1);
  const logits = bias.map((shift, k) => (weight[2 * k] * x + weight[2 * k + 1] * y) / length(k) + shift);
  return logits.indexOf(Math.max(...logits));
}

function drawn(canvas, state, points, gradient) {
  const scale = Math.min((canvas.clientWidth || 300) / (2 * REACH[0]), 90);
  const [width, height] = REACH.map((reach) => 2 * reach * scale);
  const { context } = fitted(canvas, height);
  const pixel = ([x, y]) => [(x + REACH[0]) * scale, (REACH[1] - y) * scale];
  const fills = COLOURS.map(colour);
  context.globalAlpha = 0.22;
  for (let top = 0; top < height; top += CELL) {
    for (let left = 0; left < width; left += CELL) {
      const [x, y] = [(left + CELL / 2) / scale - REACH[0], REACH[1] - (top + CELL / 2) / scale];
      context.fillStyle = fills[winner(state, x, y)];
      context.fillRect(left, top, CELL, CELL);
    }
  }
  context.globalAlpha = 1;
  const most = greatest(gradient);
  points.forEach(([x, y, label], k) => {
    const tip = [x - (gradient[2 * k] / most) * 0.6, y - (gradient[2 * k + 1] / most) * 0.6];
    arrow(context, pixel([x, y]), pixel(tip), colour("text"), 1.3);
    dot(context, pixel([x, y]), 5.5, colour(COLOURS[label]));
  });
}
