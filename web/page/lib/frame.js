// The frame of a picture: a canvas, and below it a sentence that says what the canvas shows.

import { el, labelled, latest, short } from "./dom.js";
import { redrawn } from "./theme.js";

/**
 * A canvas and its sentence. `work` computes, draws on the canvas and gives the sentence. `draw` does so again, and `start` for
 * the first time, once the canvas has its place in the page.
 */
export function framed(signal, work, attributes = {}) {
  const canvas = el("canvas", { role: "img", ...attributes });
  const said = el("p", { class: "hint", role: "status" });
  const draw = latest(async () => {
    try {
      const sentence = await work(canvas);
      if (signal.aborted) return;
      said.textContent = sentence;
      canvas.setAttribute("aria-label", sentence);
    } catch (error) {
      said.textContent = error.message;
    }
  });
  const start = async () => {
    redrawn(canvas.parentElement, signal, draw);
    await draw();
    return draw;
  };
  return { canvas, said, draw, start };
}

/** The colours of a picture in words. A `style` of `dashed` is drawn so. */
export const legend = (...entries) =>
  el("ul", { class: "legend" },
    entries.map(([name, text, style]) => el("li", {}, el("i", { class: style, style: `color: var(--${name})` }), text)));

/** A sentence in the place of a picture. */
export const instead = (into, sentence) => into.replaceChildren(el("p", { class: "hint" }, sentence));

/** A slider for a number, with its value, and what shows a number that was changed elsewhere. */
export function slider(name, { from, to, step = (to - from) / 100, value }, change) {
  const input = el("input", { type: "range", min: from, max: to, step });
  const shown = el("output");
  const show = (value) => {
    input.value = value;
    shown.textContent = short(value);
  };
  input.addEventListener("input", () => {
    shown.textContent = short(Number(input.value));
    change(Number(input.value));
  });
  show(value);
  const field = labelled(name, input);
  field.prepend(shown);
  return { field, show };
}

/** Buttons for a step down a gradient, for ten, and for another start. */
export function stepButtons(signal, step, name, restart) {
  const times = (count) => async () => {
    for (let k = 0; k < count && !signal.aborted; k++) await step();
  };
  const button = (text, onclick, style) => el("button", { type: "button", class: style, onclick }, text);
  return el("div", { class: "row" },
    button("Step down the gradient", times(1)), button("Ten steps", times(10), "quiet"), button(name, restart, "quiet"));
}
