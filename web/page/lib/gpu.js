// The GPU of the browser, opened once, and the losses that it computes.

import init, { Gpu, losses, tasks, twin } from "../wgloss_web.js";

let ready;
let open;
let described;

/** Loads the library. */
export const loaded = () => (ready ??= init());

/** The GPU, or the error that says what the browser lacks. */
export function opened() {
  open ??= loaded().then(() => Gpu.open()).then((gpu) => ({ gpu }), (error) => ({ error }));
  return open;
}

/** The GPU. Throws what the browser lacks. */
export async function needed() {
  const { gpu, error } = await opened();
  if (!gpu) throw error;
  return gpu;
}

/** A loss on the GPU, or by its CPU twin in a browser without one. */
export async function evaluate(id, operands, options) {
  const { gpu } = await opened();
  return gpu ? gpu.loss(id, operands, options) : twin(id, operands, options);
}

/** All losses as their headers describe them, by id. */
export async function catalogue() {
  await loaded();
  described ??= new Map(losses().map((loss) => [loss.id, loss]));
  return described;
}

/** The table of tasks. */
export async function allTasks() {
  await loaded();
  return tasks();
}

/** A tensor. */
export const tensor = (data, shape = [data.length]) => ({ data, shape });
