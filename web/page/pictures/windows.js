// A photograph and a copy that is blurred, brighter or noisy: their loss of windows beside the squared error.

import { el, short } from "../lib/dom.js";
import { framed, slider } from "../lib/frame.js";
import { evaluate } from "../lib/gpu.js";
import { asDescent, asGrey, asPicture, changed, drawnBeside, piece } from "../lib/photo.js";

/** The possible changes of the copy. */
const CHANGES = [
  ["Blur", "radius", { from: 0, to: 4, step: 1, value: 1 }],
  ["Brightness", "brighter", { from: -0.3, to: 0.3, step: 0.02, value: 0 }],
  ["Noise", "noise", { from: 0, to: 0.3, step: 0.01, value: 0 }],
];

/** The widest window for a loss of five levels: of the photograph's 72 lines, the last level has 5. */
const WIDEST = { ms_ssim: 5 };

/** Shows the photographs. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const photograph = await piece();
  const state = Object.fromEntries(CHANGES.map(([, name, { value }]) => [name, value]));
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const copy = changed(photograph, state);
    const operands = { input: asPicture(copy), target: asPicture(photograph) };
    const { value, gradients } = await evaluate(loss.id, operands, { ...options, window: Math.min(options.window, WIDEST[loss.id] ?? Infinity), gradients: ["input"] });
    const squared = await evaluate("mse", operands, { gradients: [] });
    drawnBeside(canvas, [
      { name: "target", colours: asGrey(photograph) },
      { name: "input", colours: asGrey(copy) },
      { name: "down the gradient", colours: asDescent(gradients.input.data) },
    ]);
    return `${loss.id}: loss ${short(value)}, where the mean squared error is ${short(squared.value)}. On the right, yellow pixels of the input would lower the loss if they were brighter, dark blue ones if they were darker.`;
  });
  const sliders = CHANGES.map(([title, name, ends]) =>
    slider(title, ends, (value) => {
      state[name] = value;
      draw();
    }));
  into.replaceChildren(canvas, said, el("div", { class: "row" }, sliders.map(({ field }) => field)));
  return start();
}
