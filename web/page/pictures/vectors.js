// Two or three vectors in a plane that can be dragged: the loss of their distances or angles, and its gradients as arrows.

import { greatest, stepped } from "../lib/descent.js";
import { draggable } from "../lib/drag.js";
import { el, labelled, select, short } from "../lib/dom.js";
import { framed, legend, slider } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { arrow, dot, fitted, line } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

/** How far the plane reaches from its middle to the right and upwards. */
const REACH = [3.2, 2];
const STARTS = [[1.6, 0.4], [0.4, 1.5], [-0.3, -1.2]];
const COLOURS = ["c1", "c2", "c3"];
/** The choices of a target, by its domain. */
const TARGETS = { Sign: [["1", "alike"], ["-1", "different"]], Binary: [["1", "similar"], ["0", "not"]] };

/** Shows the vectors. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const names = loss.operands.filter(({ gradient }) => gradient).map(({ name }) => name);
  const target = loss.operands.find(({ role }) => role === "Row");
  const places = names.map((_, k) => [...STARTS[k]]);
  const state = { target: 1, value: NaN, gradient: [] };
  const at = (numbers) => {
    const vector = (k) => tensor(Float32Array.from(numbers.slice(2 * k, 2 * k + 2)), [1, 2]);
    const operands = Object.fromEntries(names.map((name, k) => [name, vector(k)]));
    if (target) operands[target.name] = tensor(Float32Array.of(state.target));
    return evaluate(loss.id, operands, options);
  };
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { value, gradients } = await at(places.flat());
    state.value = value;
    state.gradient = names.flatMap((name) => Array.from(gradients[name].data));
    drawn(canvas, names, places, state.gradient);
    const slopes = names.map((name, k) => `${name} (${state.gradient.slice(2 * k, 2 * k + 2).map(short).join(", ")})`);
    return `${loss.id}: loss ${short(value)}. Gradient: ${slopes.join(", ")}. Arrows point down it.`;
  }, { class: "drag" });
  const sliders = names.flatMap((name, k) => ["x", "y"].map((axis, i) =>
    slider(`${name}: ${axis}`, { from: -REACH[i], to: REACH[i], step: 0.05, value: places[k][i] }, (value) => {
      places[k][i] = value;
      draw();
    })));
  const changed = () => {
    places.flat().forEach((value, k) => sliders[k].show(value));
    draw();
  };
  const step = async () => {
    const moved = await stepped(places.flat(), state.gradient, state.value, 0.3, async (numbers) => (await at(numbers)).value);
    moved.forEach((value, k) => (places[k >> 1][k & 1] = value));
    changed();
  };
  into.replaceChildren(canvas, legend(...names.map((name, k) => [COLOURS[k], `${name}: drag it`])), said,
    el("div", { class: "row" }, target ? targetOf(target, state, draw) : [], el("button", { type: "button", onclick: step }, "Step down the gradient")),
    el("div", { class: "row" }, sliders.map(({ field }) => field)));
  draggable(canvas, places, 0.5, (pixel) => toPlane(canvas, pixel), changed);
  return start();
}

/** A control for the target of the pair: a menu, or a slider if the target is any number. */
function targetOf(target, state, draw) {
  const set = (value) => {
    state.target = Number(value);
    draw();
  };
  const choices = TARGETS[target.domain];
  return choices ? labelled(target.name, select(choices, "1", set)) : slider(target.name, { from: 0, to: 1, value: state.target }, set).field;
}

const scaleOf = (canvas) => Math.min((canvas.clientWidth || 300) / (2 * REACH[0]), 80);
const toPlane = (canvas, [x, y]) => [x / scaleOf(canvas) - REACH[0], REACH[1] - y / scaleOf(canvas)];

function drawn(canvas, names, places, gradient) {
  const scale = scaleOf(canvas);
  const { context } = fitted(canvas, 2 * REACH[1] * scale);
  const pixel = ([x, y]) => [(x + REACH[0]) * scale, (REACH[1] - y) * scale];
  for (const ends of [[[-REACH[0], 0], [REACH[0], 0]], [[0, -REACH[1]], [0, REACH[1]]]]) line(context, ends.map(pixel), colour("grid"), [], 1);
  const most = greatest(gradient);
  places.forEach((place, k) => {
    line(context, [[0, 0], place].map(pixel), colour(COLOURS[k]), [4, 4], 1.5);
    const tip = place.map((number, axis) => number - (gradient[2 * k + axis] / most) * 0.6);
    arrow(context, pixel(place), pixel(tip), colour("text"));
    dot(context, pixel(place), 7, colour(COLOURS[k]));
    context.fillStyle = colour("text");
    context.font = "13px system-ui, sans-serif";
    context.textBaseline = "bottom";
    context.fillText(names[k], pixel(place)[0] + 9, pixel(place)[1] - 6);
  });
}
