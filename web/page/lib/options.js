// Controls for the options of a loss: sliders for numbers, checkboxes, menus.

import { el, freshId, labelled, select, short } from "./dom.js";

/** The ends and the step of a slider: the range of the option, or a wide one around its default. */
function ends({ low, high, excludes_ends: excluded, default: usual }) {
  const size = Math.max(Math.abs(usual), 0.5);
  const from = low ?? -4 * size;
  const to = high ?? (low === null ? 4 * size : low + Math.max(4 * size, 1));
  const step = Number(((to - from) / 100).toPrecision(1));
  const inside = (end, by) => (excluded && (end === low || end === high) ? end + by : end);
  return { min: inside(from, step), max: inside(to, high === null ? 0 : -step), step };
}

function slider(option, change) {
  const id = freshId("option");
  const shown = el("output", { for: id }, short(option.default));
  const moved = (event) => {
    const value = Number(event.target.value);
    shown.textContent = short(value);
    change(value);
  };
  const input = el("input", { type: "range", id, ...ends(option), oninput: moved });
  input.value = option.default;
  return el("div", { class: "field" }, shown, el("label", { for: id }, option.name), input, note(option));
}

function tick(option, change) {
  const id = freshId("option");
  const input = el("input", { type: "checkbox", id, checked: option.default, onchange: (event) => change(event.target.checked) });
  return el("div", { class: "field" }, el("div", { class: "check" }, input, el("label", { for: id }, option.name)), note(option));
}

const note = (option) => el("small", {}, option.doc.replace(/`/g, "").replace(/\s+/g, " "));

/** A control for an option, or `undefined` for a kind of option that has no control. */
function control(option, change) {
  if (option.kind === "number" && typeof option.default === "number") return slider(option, change);
  if (option.kind === "flag") return tick(option, change);
  if (option.kind === "choice") {
    const menu = select(option.choices.map((name) => [name, name]), option.default, change);
    return labelled(option.name, menu, note(option));
  }
  return undefined;
}

/** The options of a loss with their defaults. */
export const defaults = (loss) => Object.fromEntries(loss.options.map((option) => [option.name, option.default]));

/** Controls for a loss's options. Each writes to `values` and calls `change`. */
export function controls(loss, values, change) {
  const made = loss.options.map((option) => {
    const set = (value) => {
      values[option.name] = value;
      change();
    };
    return control(option, set);
  });
  const shown = made.filter(Boolean);
  return shown.length ? shown : [el("p", { class: "hint" }, "This loss has no options to move.")];
}
