// The value of a pointwise loss and its gradient as curves over one operand, with fixed numbers for the others.

import { el, labelled, select, short } from "../lib/dom.js";
import { framed, instead, legend, slider } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { plot } from "../lib/plot.js";

const POINTS = 401;

/** The range over which an operand is drawn, and the number at which it is fixed otherwise. */
const DOMAINS = {
  Probability: { from: 0.005, to: 0.995, at: 0.5 },
  Binary: { from: 0, to: 1, at: 1 },
  Sign: { from: -1, to: 1, at: 1 },
  Positive: { from: 0.05, to: 5, at: 1 },
  Log: { from: -6, to: -0.01, at: -0.7 },
};
const domain = (operand) => DOMAINS[operand.domain] ?? { from: -6, to: 6, at: 0 };

/** Shows the curves. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const given = loss.operands.filter((operand) => !operand.optional);
  const varied = given.filter((operand) => operand.gradient);
  if (given.some((operand) => operand.role !== "Element" && operand.role !== "Row")) {
    return instead(into, "This loss takes more than numbers of one shape, so that no single curve shows it.");
  }
  const state = { along: varied[0], at: Object.fromEntries(given.map((operand) => [operand.name, domain(operand).at])) };
  const settings = el("div", { class: "row" });
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { x, values, gradient } = await computed(loss, given, state, options);
    const series = [
      { x, y: values, colour: "c1" },
      { x, y: gradient, colour: "c2", dashed: true },
    ];
    plot(canvas, { series, xName: state.along.name, at: state.at[state.along.name], height: 320 });
    return text(loss, state, x, values, gradient);
  });
  const rebuild = () => {
    const others = given.filter((operand) => operand !== state.along);
    const menu = select(varied.map(({ name }) => [name, name]), state.along.name, (name) => {
      state.along = varied.find((operand) => operand.name === name);
      rebuild();
      draw();
    });
    settings.replaceChildren(
      ...(varied.length > 1 ? [labelled("Along", menu)] : []),
      ...others.map((operand) => fixed(operand, state, draw)),
    );
  };
  rebuild();
  into.replaceChildren(canvas, legend(["c1", "loss"], ["c2", "gradient", "dashed"]), said, settings);
  return start();
}

/** A slider for an operand that is fixed at a number. */
function fixed(operand, state, draw) {
  const set = (value) => {
    state.at[operand.name] = value;
    draw();
  };
  return slider(operand.name, { ...domain(operand), value: state.at[operand.name] }, set).field;
}

async function computed(loss, given, state, options) {
  const { from, to } = domain(state.along);
  const x = Float32Array.from({ length: POINTS }, (_, k) => from + ((to - from) * k) / (POINTS - 1));
  const operands = {};
  // if an operand has a number for each row, the other operands have rows of one element
  const inRows = given.some(({ role }) => role === "Row");
  for (const operand of given) {
    const numbers = operand === state.along ? x : new Float32Array(POINTS).fill(state.at[operand.name]);
    operands[operand.name] = tensor(numbers, inRows && operand.role === "Element" ? [POINTS, 1] : [POINTS]);
  }
  const asked = { ...options, reduction: "none", gradients: [state.along.name] };
  const { values, gradients } = await evaluate(loss.id, operands, asked);
  return { x, values: values.data, gradient: gradients[state.along.name].data };
}

/** Describes the curve in words, for visitors who can't see it. */
function text(loss, state, x, values, gradient) {
  const at = (k) => `${state.along.name} = ${short(x[k])}: loss ${short(values[k])}, gradient ${short(gradient[k])}`;
  const fixedAt = Object.entries(state.at).filter(([name]) => name !== state.along.name);
  const where = fixedAt.length ? ` with ${fixedAt.map(([name, at]) => `${name} = ${short(at)}`).join(", ")}` : "";
  return `${loss.id}${where}. At ${[0, (POINTS - 1) / 2, POINTS - 1].map(at).join("; at ")}.`;
}
