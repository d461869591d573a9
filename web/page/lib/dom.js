// Makes elements of the page.

/** An element with attributes and children. `on...` attributes are listeners, and `dataset` is copied. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

let ids = 0;

/** An id that no other element has. */
export const freshId = (word) => `${word}-${++ids}`;

/** A control with its label. */
export function labelled(text, control, ...beside) {
  control.id ||= freshId("control");
  return el("div", { class: "field" }, el("label", { for: control.id }, text), control, ...beside);
}

/** A menu of named values. It calls `change` with the value that the visitor picks. */
export function select(options, chosen, change) {
  const entries = options.map(([value, name]) => el("option", { value, selected: value === chosen }, name));
  return el("select", { onchange: (event) => change(event.target.value) }, entries);
}

/** A number in a few digits. */
export function short(number) {
  if (number === undefined || Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? number.toExponential(2) : String(Number(number.toPrecision(4)));
  return text.replace("-", "−");
}

/** Waits until the browser has painted. */
export const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/**
 * Returns a function that calls `work` with one request at a time. Of the requests that arrive meanwhile only the latest
 * is kept.
 */
export function latest(work) {
  let running = false;
  let again;
  return async function call(...args) {
    again = args;
    if (running) return;
    running = true;
    while (again) {
      const now = again;
      again = undefined;
      try {
        await work(...now);
      } catch (error) {
        console.error(error);
      }
    }
    running = false;
  };
}
