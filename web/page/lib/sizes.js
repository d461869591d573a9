// Operands of a loss in a realistic size, for measurements.

import { tensor } from "./gpu.js";

/** The number of classes of a position, of coordinates of a row, and of items of a loss with a table. */
const WIDTH = 16;

/** The number of items in losses of alignments, and of pairs of segments. */
const ITEMS = 16;

/** The number of rows that are compared with as many rows or classes: the products grow with the square of the number. */
const rowsOf = (elements) => Math.min(elements / 256, 1024);

/** Numbers between 0 and 1. All domains but logs and signs contain them. */
const numbers = (shape) => {
  const length = shape.reduce((product, axis) => product * axis, 1);
  return tensor(Float32Array.from({ length }, (_, k) => 0.01 + ((k * 0.618034) % 0.98)), shape);
};
const integers = (length, below) => tensor(Int32Array.from({ length }, (_, k) => k % below));

/** Boxes whose right and bottom are beyond their left and top. */
const corners = (count) => tensor(Float32Array.from({ length: 4 * count }, (_, k) => ((k >> 2) % 50) + (k % 4 < 2 ? 0 : 10 + (k % 7))), [count, 4]);

/** The operands of each family, by role. A prediction has about `elements` elements, or fewer if `rowsOf` limits its rows. */
const BY_FAMILY = {
  pointwise: (elements, loss) => {
    // if the loss has a number for each row, its rows have one element; if it has a table, its elements are in items
    const rows = loss.operands.some(({ role, optional }) => !optional && role === "Row");
    const items = loss.operands.some(({ role }) => role === "Index");
    const shape = items ? [WIDTH, elements / WIDTH] : rows ? [elements, 1] : [elements];
    return { Element: () => numbers(shape), Row: () => numbers([elements]), Index: () => integers(WIDTH, 1000), Table: () => numbers([1000]) };
  },
  boxes: (elements) => ({ Element: () => corners(elements / 4) }),
  softmax: (elements) => ofClasses([elements / WIDTH, WIDTH]),
  class_sum: (elements) => ofClasses([elements / WIDTH, WIDTH]),
  divergence: (elements) => ofClasses([elements / WIDTH, WIDTH]),
  region: (elements) => ofClasses([1, WIDTH, elements / WIDTH]),
  vectors: (elements) => ({ Element: () => numbers([elements / WIDTH, WIDTH]), Row: () => numbers([elements / WIDTH]) }),
  similarity: (elements) => {
    const rows = rowsOf(elements);
    return { Rows: () => numbers([rows, WIDTH]), RowLabels: () => integers(rows, 10), Scale: () => numbers([1]), Shift: () => numbers([1]) };
  },
  hardest: (elements) => BY_FAMILY.similarity(elements),
  linear: (elements) => {
    const rows = rowsOf(elements);
    return { Rows: () => numbers([rows, WIDTH]), Projection: () => numbers([rows, WIDTH]), Labels: () => integers(rows, rows) };
  },
  segments: (elements) => {
    const segments = 2 * ITEMS;
    return { ...BY_FAMILY.linear(elements), Segments: () => integers(rowsOf(elements), segments), PerSegment: () => numbers([segments]) };
  },
  linear_divergence: (elements) => {
    const rows = () => numbers([rowsOf(elements), WIDTH]);
    return { Rows: rows, Projection: rows, TeacherRows: rows, TeacherProjection: rows };
  },
  gram: (elements) => ({ Channels: () => numbers([1, WIDTH, elements / WIDTH]) }),
  neighbours: (elements) => ({ Pictures: () => numbers(picture(elements)) }),
  windows: (elements) => ({ Pictures: () => numbers(picture(elements)) }),
  alignments: (elements) => {
    const steps = elements / (ITEMS * WIDTH);
    const labels = Math.min(steps / 4, 128);
    const each = (length) => tensor(new Int32Array(ITEMS).fill(length), [ITEMS]);
    return {
      Steps: () => numbers([steps, ITEMS, WIDTH]),
      Sequences: () => ({ ...integers(ITEMS * labels, WIDTH), shape: [ITEMS, labels] }),
      StepCounts: () => each(steps),
      SequenceLengths: () => each(labels),
    };
  },
};

/** The operands of a loss over classes: predictions, and labels for each position. */
function ofClasses(shape) {
  const labels = () => integers(shape.reduce((product, axis, k) => product * (k === 1 ? 1 : axis), 1), WIDTH);
  const target = () => ({ ...labels(), shape: shape.filter((_, k) => k !== 1) });
  return { Classes: () => numbers(shape), Target: target, Labels: target, Dense: () => numbers(shape) };
}

const picture = (elements) => [1, 1, elements / 256, 256];

/**
 * The arguments of a call, and the bytes that it reads and writes. `undefined` for sums of losses, and for unknown
 * operands.
 */
export function callOf(loss, elements) {
  const roles = BY_FAMILY[loss.family]?.(elements, loss);
  const given = loss.operands.filter((operand) => !operand.optional);
  if (!roles || !given.every(({ role }) => roles[role])) return undefined;
  const operands = Object.fromEntries(given.map(({ name, role }) => [name, roles[role]()]));
  const first = given.find((operand) => operand.gradient).name;
  const bytes = (tensor) => tensor.data.byteLength;
  return {
    operands,
    options: { gradients: [first] },
    // every operand is read once, and the gradient written
    bytes: Object.values(operands).reduce((sum, operand) => sum + bytes(operand), bytes(operands[first])),
  };
}
