// The frame of a picture: a canvas, and below it a sentence that describes what the canvas shows.

import { el, labelled, latest, short } from "./dom.js";
import { redrawn } from "./theme.js";

/**
 *  Returns a canvas and its sentence. `work` computes, draws on the canvas, and returns the sentence. `draw` calls `work`
 *  again. Call `start` once the canvas is in the page: it draws for the first time.
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

/** A legend: each entry has a colour's name, its meaning, and a style such as `dashed`. */
export const legend = (...entries) =>
  el("ul", { class: "legend" },
    entries.map(([name, text, style]) => el("li", {}, el("i", { class: style, style: `color: var(--${name})` }), text)));

/** Shows a sentence in place of a picture. */
export const instead = (into, sentence) => into.replaceChildren(el("p", { class: "hint" }, sentence));

/** A slider for a number. Returns its field, and `show`, which displays a number that was changed elsewhere. */
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

/** Buttons for one step down the gradient, for ten steps, and for another start. */
export function stepButtons(signal, step, name, restart) {
  const times = (count) => async () => {
    for (let k = 0; k < count && !signal.aborted; k++) await step();
  };
  const button = (text, onclick, style) => el("button", { type: "button", class: style, onclick }, text);
  return el("div", { class: "row" },
    button("Step down the gradient", times(1)), button("Ten steps", times(10), "quiet"), button(name, restart, "quiet"));
}
