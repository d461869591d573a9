// A student's probabilities beside its teacher's, with arrows for the gradient in each of the student's logits.

import { greatest, stepped } from "../lib/descent.js";
import { el, short } from "../lib/dom.js";
import { framed, legend, slider } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { arrow, fitted } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

const TEACHER = [3, 1.5, 0.5, -1, -2];
const HEIGHT = 260;

/** Shows the probabilities. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const [input, target] = loss.operands.map(({ name }) => name);
  const state = { student: [0, 2, 0, 0, 0], value: NaN, gradient: [] };
  const at = (student) => {
    const row = (logits) => tensor(Float32Array.from(logits), [1, TEACHER.length]);
    return evaluate(loss.id, { [input]: row(student), [target]: row(TEACHER) }, options);
  };
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { value, gradients } = await at(state.student);
    Object.assign(state, { value, gradient: Array.from(gradients[input].data) });
    drawn(canvas, state, options.temperature);
    return `${loss.id}: loss ${short(value)} at a temperature of ${short(options.temperature)}. Gradient of the logits: ${state.gradient.map(short).join(", ")}. Arrows point down it.`;
  });
  const sliders = state.student.map((value, k) =>
    slider(`Logit of class ${k}`, { from: -6, to: 6, step: 0.1, value }, (value) => {
      state.student[k] = value;
      draw();
    }));
  const step = async () => {
    state.student = await stepped(state.student, state.gradient, state.value, 0.5, async (student) => (await at(student)).value);
    state.student.forEach((value, k) => sliders[k].show(value));
    draw();
  };
  into.replaceChildren(canvas, legend(["c1", "the student’s probabilities"], ["c2", "the teacher’s", "dashed"]), said,
    el("div", { class: "row" }, el("button", { type: "button", onclick: step }, "Step down the gradient")),
    el("div", { class: "row" }, sliders.map(({ field }) => field)));
  return start();
}

/** The probabilities of logits at a temperature. */
function probabilities(logits, temperature) {
  const most = Math.max(...logits);
  const parts = logits.map((logit) => Math.exp((logit - most) / temperature));
  const sum = parts.reduce((sum, part) => sum + part);
  return parts.map((part) => part / sum);
}

function drawn(canvas, { student, gradient }, temperature) {
  const { context, width } = fitted(canvas, HEIGHT);
  const [bottom, room] = [HEIGHT - 24, HEIGHT - 70];
  const cell = width / TEACHER.length;
  const [ours, theirs] = [student, TEACHER].map((logits) => probabilities(logits, temperature));
  const most = greatest(gradient);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  TEACHER.forEach((_, k) => {
    const [left, wide] = [(k + 0.2) * cell, 0.6 * cell];
    context.fillStyle = colour("c1");
    context.globalAlpha = 0.55;
    context.fillRect(left, bottom - ours[k] * room, wide, ours[k] * room);
    context.globalAlpha = 1;
    context.strokeStyle = colour("c2");
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    context.strokeRect(left, bottom - theirs[k] * room, wide, theirs[k] * room);
    context.setLineDash([]);
    const top = [left + wide / 2, bottom - ours[k] * room];
    arrow(context, top, [top[0], top[1] + (gradient[k] / most) * 36], colour("text"));
    context.fillStyle = colour("quiet");
    context.fillText(`class ${k}`, left + wide / 2, bottom + 6);
  });
}
