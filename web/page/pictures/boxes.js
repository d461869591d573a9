// Two boxes that can be dragged: the overlap loss of one against the other, and its gradient as arrows on the corners.

import { greatest, stepped } from "../lib/descent.js";
import { el, labelled, short } from "../lib/dom.js";
import { framed, legend } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { arrow, fitted } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

/** The size of the plane in which the boxes lie. */
const SIZE = [100, 64];
const NAMES = ["left", "top", "right", "bottom"];

/** `centred` converts four sides to centre and size, and `ofSides` converts a gradient by centre and size to one by sides. */
const centred = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
const ofSides = ([x, y, width, height]) => [x / 2 - width, y / 2 - height, x / 2 + width, y / 2 + height];

/** Shows the boxes. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const [input, target] = loss.operands.map((operand) => operand.name);
  const boxes = { [input]: [16, 12, 46, 40], [target]: [40, 22, 76, 54] };
  let [value, gradient] = [NaN, [0, 0, 0, 0]];
  const at = async (box) => {
    const byCentre = options.format === "cxcywh";
    const given = (box) => tensor(Float32Array.from(byCentre ? centred(box) : box), [1, 4]);
    const operands = { [input]: given(box), [target]: given(boxes[target]) };
    const answer = await evaluate(loss.id, operands, { ...options, gradients: [input] });
    const slopes = Array.from(answer.gradients[input].data);
    return { value: answer.value, gradient: byCentre ? ofSides(slopes) : slopes };
  };
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    // read first, since the option may change while the kernel runs
    const kind = options.kind ?? loss.id;
    ({ value, gradient } = await at(boxes[input]));
    drawn(canvas, boxes[input], boxes[target], gradient);
    return `${kind}: loss ${short(value)}. Gradient: ${NAMES.map((name, k) => `${name} ${short(gradient[k])}`).join(", ")}. Arrows point down it.`;
  }, { class: "drag" });
  const sliders = sidesOf(boxes[input], draw);
  const step = async () => {
    const moved = await stepped(boxes[input], gradient, value, 2, async (box) => (await at(box)).value);
    moved.forEach((side, k) => (boxes[input][k] = side));
    sliders.forEach(({ show }) => show());
    draw();
  };
  into.replaceChildren(canvas, legend(["c1", "prediction: drag it"], ["c2", "target: drag it too", "dashed"]), said,
    el("div", { class: "row" }, el("button", { type: "button", onclick: step }, "Step down the gradient")),
    el("div", { class: "row" }, sliders.map(({ field }) => field)));
  dragging(canvas, boxes, [input, target], () => {
    sliders.forEach(({ show }) => show());
    draw();
  });
  return start();
}

/** A slider for each side of a box, for visitors who don't drag. */
function sidesOf(box, draw) {
  return NAMES.map((name, k) => {
    const input = el("input", { type: "range", min: 0, max: SIZE[k % 2], step: 0.5 });
    const show = () => (input.value = box[k]);
    show();
    input.addEventListener("input", () => {
      box[k] = Number(input.value);
      if (box[k % 2] > box[(k % 2) + 2]) box[(k + 2) % 4] = box[k];
      draw();
    });
    return { field: labelled(`Prediction: ${name}`, input), show };
  });
}

const HEIGHT = 320;
const scaleOf = (canvas) => Math.min((canvas.clientWidth || 300) / SIZE[0], HEIGHT / SIZE[1]);

/** Lets the pointer drag a box, or a corner if it is near one. */
function dragging(canvas, boxes, [input, target], changed) {
  let held;
  const point = (event) => [event.offsetX / scaleOf(canvas), event.offsetY / scaleOf(canvas)];
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = point(event);
    for (const name of [input, target]) {
      const box = boxes[name];
      const corner = [[0, 1], [2, 1], [0, 3], [2, 3]].find(([i, j]) => Math.hypot(box[i] - x, box[j] - y) < 4);
      const inside = x > box[0] && x < box[2] && y > box[1] && y < box[3];
      if (!corner && !inside) continue;
      held = { box, sides: corner ?? [0, 1, 2, 3], at: [x, y] };
      canvas.setPointerCapture(event.pointerId);
      return;
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y] = point(event);
    const moved = [x - held.at[0], y - held.at[1]];
    for (const side of held.sides) held.box[side] += moved[side % 2];
    for (const axis of [0, 1]) {
      if (held.box[axis] > held.box[axis + 2]) held.box[axis + 2] = held.box[axis];
    }
    held.at = [x, y];
    changed();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (held = undefined));
}

function drawn(canvas, box, target, gradient) {
  const scale = scaleOf(canvas);
  const { context } = fitted(canvas, SIZE[1] * scale);
  const outline = (box, name, dashes) => {
    const place = [box[0], box[1], box[2] - box[0], box[3] - box[1]].map((side) => side * scale);
    context.globalAlpha = 0.14;
    context.fillStyle = colour(name);
    context.fillRect(...place);
    context.globalAlpha = 1;
    context.strokeStyle = colour(name);
    context.lineWidth = 2.5;
    context.setLineDash(dashes);
    context.strokeRect(...place);
    context.setLineDash([]);
  };
  context.strokeStyle = colour("line");
  context.strokeRect(0.5, 0.5, SIZE[0] * scale - 1, SIZE[1] * scale - 1);
  outline(target, "c2", [7, 5]);
  outline(box, "c1", []);
  const most = greatest(gradient);
  for (const [i, j] of [[0, 1], [2, 1], [0, 3], [2, 3]]) {
    const [x, y] = [box[i] * scale, box[j] * scale];
    const tip = [x - (gradient[i] / most) * 9 * scale, y - (gradient[j] / most) * 9 * scale];
    arrow(context, [x, y], tip, colour("text"));
  }
}
