// Shows a loss in a picture that reacts to the visitor, of the kind that suits the loss's family.

import { el, labelled, select } from "../lib/dom.js";
import { instead } from "../lib/frame.js";
import { catalogue } from "../lib/gpu.js";
import { controls, defaults } from "../lib/options.js";

/** The module of the picture of each family that has one. */
const PICTURES = {
  pointwise: () => import("../pictures/curve.js"),
  boxes: () => import("../pictures/boxes.js"),
  softmax: () => import("../pictures/classes.js"),
  class_sum: () => import("../pictures/classes.js"),
  region: () => import("../pictures/regions.js"),
  divergence: () => import("../pictures/distillation.js"),
  vectors: () => import("../pictures/vectors.js"),
  similarity: () => import("../pictures/similarity.js"),
  linear: () => import("../pictures/linear.js"),
  neighbours: () => import("../pictures/neighbours.js"),
  windows: () => import("../pictures/windows.js"),
};

/** Why some losses have no picture. */
const WITHOUT = {
  gram_style: "This loss compares which features of a network occur together. A picture of that needs a trained network, which this page does not have.",
  adversarial_discriminator: "This loss is the sum of one over real and one over generated inputs. adversarial_generator has a picture, of the other side.",
  linear_distillation: "This loss is the distillation of two linear layers' logits. distillation has a picture.",
  vae: "This loss is the sum of mse, or of bce_with_logits, and of gaussian_kl. Each of them has a picture.",
};

/** Puts the picture of a loss into an element. Returns a function that draws it again, to be called after `options` has changed. */
export async function visual(loss, into, options, signal) {
  const load = PICTURES[loss.family];
  if (!load) {
    return instead(into, WITHOUT[loss.id] ?? "No small picture shows this loss.");
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
