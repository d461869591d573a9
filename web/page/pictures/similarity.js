// Rows compared with rows: their cosines as a map, the loss of each row beside it, and the rows as points on a circle.

import { greatest, stepped } from "../lib/descent.js";
import { el, short } from "../lib/dom.js";
import { framed, legend, slider, stepButtons } from "../lib/frame.js";
import { evaluate, tensor } from "../lib/gpu.js";
import { heat } from "../lib/heat.js";
import { arrow, dot, fitted, line } from "../lib/plot.js";
import { colour } from "../lib/theme.js";

const ROWS = 8;
/** The labels of the rows, for a loss that has labels. */
const LABELS = Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2);
const COLOURS = ["c1", "c2", "c3"];
/** The ranges and initial values of a loss's other operands. */
const NUMBERS = { Scale: { from: 1, to: 30, value: 10 }, Shift: { from: -20, to: 5, value: -10 } };

/** Shows the rows. Returns a function that draws them again. */
export async function picture(loss, into, options, signal) {
  const given = loss.operands.filter(({ optional }) => !optional);
  const sides = given.filter(({ role }) => role === "Rows").map(({ name }) => name);
  const labels = given.find(({ role }) => role === "RowLabels");
  const numbers = given.filter(({ role }) => NUMBERS[role]).map(({ name, role }) => ({ name, ...NUMBERS[role] }));
  const state = { seed: 1, rows: dealt(0, sides.length) };
  const at = async (rows) => {
    const operands = Object.fromEntries(sides.map((name, k) => [name, tensor(Float32Array.from(sideOf(rows, k)), [ROWS, 2])]));
    if (labels) operands[labels.name] = tensor(LABELS);
    for (const { name, value } of numbers) operands[name] = tensor(Float32Array.of(value));
    const { values, gradients } = await evaluate(loss.id, operands, { ...options, reduction: "none", gradients: sides });
    const each = Array.from(values.data);
    return { each, value: each.reduce((sum, loss) => sum + loss, 0) / ROWS, gradient: sides.flatMap((name) => Array.from(gradients[name].data)) };
  };
  const belong = labels ? (i, j) => i !== j && LABELS[i] === LABELS[j] : (i, j) => i === j;
  const { canvas, said, draw, start } = framed(signal, async (canvas) => {
    const { each, value, gradient } = await at(state.rows);
    drawn(canvas, state.rows, { each, gradient, belong, labelled: Boolean(labels) });
    const worst = each.indexOf(Math.max(...each));
    return `${loss.id}: the rows’ mean loss is ${short(value)}; row ${worst + 1} has the greatest, ${short(each[worst])}. The map shows cosines, from −1, dark, to 1, yellow; frames mark rows that belong together, and bars the loss of each row.`;
  });
  const deal = () => {
    state.rows = dealt(state.seed++, sides.length);
    return draw();
  };
  const step = async () => {
    const { value, gradient } = await at(state.rows);
    state.rows = await stepped(state.rows, gradient, value, 0.15, async (rows) => (await at(rows)).value);
    await draw();
  };
  const set = (number) => (value) => {
    number.value = value;
    draw();
  };
  into.replaceChildren(canvas, labels ? legend(...COLOURS.map((name, k) => [name, `label ${k}`])) : legend(...sides.map((name, k) => [COLOURS[k], name])), said,
    stepButtons(signal, step, "Other rows", deal),
    el("div", { class: "row" }, numbers.map((number) => slider(number.name, number, set(number)).field)));
  return start();
}

const sideOf = (rows, k) => rows.slice(2 * ROWS * k, 2 * ROWS * (k + 1));

/**
 *  Rows of length 1. If there are two sides, the first side's rows lie evenly around the circle, and each of the other's
 *  within 1.5 radians of its partner. If there is one side, each of its rows lies within 1.5 radians of an even place.
 */
function dealt(seed, sides) {
  let state = 7919 * (seed + 1);
  const drawn = () => (state = (state * 16807 + 12345) % 2147483647) / 2147483647 - 0.5;
  const rows = [];
  for (let k = 0; k < sides * ROWS; k++) {
    const angle = (2 * Math.PI * (k % ROWS)) / ROWS + (k < ROWS && sides > 1 ? 0 : 3 * drawn());
    rows.push(Math.cos(angle), Math.sin(angle));
  }
  return rows;
}

function drawn(canvas, rows, { each, gradient, belong, labelled }) {
  const width = canvas.clientWidth || 300;
  const narrow = width < 560;
  const side = narrow ? Math.min(width * 0.68, 280) : Math.min(width * 0.4, 300);
  const circle = narrow ? width * 0.36 : side / 2;
  const { context } = fitted(canvas, narrow ? side + 2 * circle + 16 : side + 8);
  matrix(context, rows, belong, labelled, side / ROWS);
  const most = greatest(each);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  each.forEach((loss, row) => {
    const [x, y] = [side + 8, (row + 0.5) * (side / ROWS)];
    context.fillStyle = colour("c2");
    context.fillRect(x, y - 5, (Math.max(loss, 0) / most) * side * 0.22, 10);
    context.fillStyle = colour("quiet");
    context.fillText(short(Number(loss.toPrecision(2))), x + (Math.max(loss, 0) / most) * side * 0.22 + 4, y);
  });
  points(context, rows, gradient, labelled, narrow ? [width / 2, side + circle + 16] : [width - circle - 24, side / 2 + 4], circle * 0.74);
}

/** Draws the cosines of the first side's rows with the last side's. */
function matrix(context, rows, belong, labelled, cell) {
  const [from, to] = [sideOf(rows, 0), sideOf(rows, labelled ? 0 : 1)];
  for (let i = 0; i < ROWS; i++) {
    for (let j = 0; j < ROWS; j++) {
      const [a, b] = [from.slice(2 * i, 2 * i + 2), to.slice(2 * j, 2 * j + 2)];
      const cosine = (a[0] * b[0] + a[1] * b[1]) / (Math.hypot(...a) * Math.hypot(...b));
      context.fillStyle = heat((cosine + 1) / 2);
      context.fillRect(Math.floor(j * cell), Math.floor(i * cell), Math.ceil(cell), Math.ceil(cell));
      if (!belong(i, j)) continue;
      context.strokeStyle = "#ffffff";
      context.lineWidth = 2;
      context.strokeRect(j * cell + 2, i * cell + 2, cell - 4, cell - 4);
    }
  }
}

/** Draws the rows by direction on a circle, with arrows down the gradient, and lines between partners. */
function points(context, rows, gradient, labelled, [x, y], radius) {
  context.strokeStyle = colour("line");
  context.lineWidth = 1;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
  const place = (k) => {
    const length = Math.hypot(rows[2 * k], rows[2 * k + 1]);
    return [x + (rows[2 * k] / length) * radius, y - (rows[2 * k + 1] / length) * radius];
  };
  if (!labelled) for (let k = 0; k < ROWS; k++) line(context, [place(k), place(k + ROWS)], colour("line"), [], 1);
  const most = greatest(gradient);
  for (let k = 0; k < rows.length / 2; k++) {
    const from = place(k);
    arrow(context, from, [from[0] - (gradient[2 * k] / most) * radius * 0.3, from[1] + (gradient[2 * k + 1] / most) * radius * 0.3], colour("quiet"), 1.3);
    dot(context, from, 6, colour(COLOURS[labelled ? LABELS[k] : Math.floor(k / ROWS)]));
  }
}
