// A noisy photograph, which becomes smooth by steps down the gradient of its total variation.

import { stepped } from "../lib/descent.js";
import { el, short } from "../lib/dom.js";
import { framed, slider, stepButtons } from "../lib/frame.js";
import { evaluate } from "../lib/gpu.js";
import { asDescent, asGrey, asPicture, changed, drawnBeside, piece } from "../lib/photo.js";

/** The most that a step may change a pixel. */
const MOST = 0.02;

/** Shows the photograph. Returns a function that draws it again. */
export async function picture(loss, into, options, signal) {
  const photograph = await piece();
  const state = { noise: 0.15, steps: 0 };
  const deal = () => Object.assign(state, { levels: changed(photograph, state), steps: 0 });
  deal();
  const at = async (levels) => {
    const { value, gradients } = await evaluate(loss.id, { input: asPicture(levels) }, options);
    return { value, gradient: gradients.input.data };
  };
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { value, gradient } = await at(state.levels);
    drawnBeside(canvas, [
      { name: "input", colours: asGrey(state.levels) },
      { name: "down the gradient", colours: asDescent(gradient) },
    ]);
    return `${loss.id}: loss ${short(value)} after ${state.steps} steps. On the right, yellow pixels would lower the loss if they were brighter, dark blue ones if they were darker. Nothing holds the picture to the photograph here, so that many steps leave it flat; training adds a loss that does.`;
  });
  const step = async () => {
    const { value, gradient } = await at(state.levels);
    state.levels = await stepped(state.levels, gradient, value, MOST, async (levels) => (await at(levels)).value);
    state.steps += 1;
    await draw();
  };
  const restart = () => {
    deal();
    draw();
  };
  const noise = slider("Noise", { from: 0, to: 0.3, step: 0.01, value: state.noise }, (value) => {
    state.noise = value;
    restart();
  });
  into.replaceChildren(canvas, said, stepButtons(signal, step, "Reset", restart), el("div", { class: "row" }, noise.field));
  return start();
}
