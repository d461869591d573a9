// The GPU of the browser, which is opened once, and the losses that it computes.

import init, { Gpu, losses, tasks, twin } from "../wgloss_web.js";

let ready;
let open;
let described;

/** Loads the library. */
export const loaded = () => (ready ??= init());

/** Returns the GPU, or the error that describes what the browser lacks. */
export function opened() {
  open ??= loaded().then(() => Gpu.open()).then((gpu) => ({ gpu }), (error) => ({ error }));
  return open;
}

/** Returns the GPU. Throws the error of `opened` if there is none. */
export async function needed() {
  const { gpu, error } = await opened();
  if (!gpu) throw error;
  return gpu;
}

/** Evaluates a loss on the GPU, or by its CPU twin if the browser has no GPU. */
export async function evaluate(id, operands, options) {
  const { gpu } = await opened();
  return gpu ? gpu.loss(id, operands, options) : twin(id, operands, options);
}

/** The descriptions of all losses, by id. */
export async function catalogue() {
  await loaded();
  described ??= new Map(losses().map((loss) => [loss.id, loss]));
  return described;
}

/** The tasks, each with its loss. */
export async function allTasks() {
  await loaded();
  return tasks();
}

/** A tensor as the library takes it. */
export const tensor = (data, shape = [data.length]) => ({ data, shape });
