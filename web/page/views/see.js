// See a loss: a picture of it that can be moved, of the kind that its family asks for.

import { el, labelled, select } from "../lib/dom.js";
import { catalogue } from "../lib/gpu.js";
import { controls, defaults } from "../lib/options.js";

/** The picture of each family. Other families compare rows with rows, which no small picture shows. */
const PICTURES = {
  pointwise: () => import("../pictures/curve.js"),
  boxes: () => import("../pictures/boxes.js"),
  softmax: () => import("../pictures/classes.js"),
  class_sum: () => import("../pictures/classes.js"),
  region: () => import("../pictures/regions.js"),
};

/** Puts the picture of a loss into an element. Gives what draws it again with other options. */
export async function visual(loss, into, options, signal) {
  const load = PICTURES[loss.family];
  if (!load) {
    into.replaceChildren(el("p", { class: "hint" }, "This loss compares many rows at once: no small picture shows it."));
    return undefined;
  }
  const { picture } = await load();
  return signal.aborted ? undefined : picture(loss, into, options, signal);
}

/** Shows a loss with its options. */
export async function show(main, [id], signal) {
  const losses = await catalogue();
  const seen = [...losses.values()].filter((loss) => PICTURES[loss.family]);
  const loss = losses.get(id) && PICTURES[losses.get(id).family] ? losses.get(id) : losses.get("huber");
  const values = defaults(loss);
  const into = el("section", { "aria-label": `Picture of ${loss.id}` });
  const menu = select(seen.map((loss) => [loss.id, loss.id]), loss.id, (id) => (location.hash = `see/${id}`));
  let draw;
  main.append(
    el("h1", {}, "See a loss"),
    el("p", { class: "lead" }, `${loss.title[0].toUpperCase()}${loss.title.slice(1)}. Move its options: the kernel computes value and gradient anew.`),
    el("div", { class: "columns" },
      el("div", {}, labelled("Loss", menu), controls(loss, values, () => draw?.())),
      into),
  );
  draw = await visual(loss, into, values, signal);
}
