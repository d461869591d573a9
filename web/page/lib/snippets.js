// Code for a loss with its options: Rust for this library, and Python for PyTorch.

import { camel } from "./names.js";

/** A number as Rust writes a float. */
const rustFloat = (number) => (Number.isInteger(number) ? number.toFixed(1) : String(number));

function rustValue(option, value) {
  if (option.kind === "choice") return `${option.rust_type}::${camel(value)}`;
  if (option.kind === "numbers") return `[${value.map(rustFloat).join(", ")}]`;
  if (option.kind === "number" || option.kind === "number_or_none") return value === null ? "None" : rustFloat(value);
  return value === null ? "None" : String(value);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The options that differ from their defaults. */
const changed = (loss, options) => loss.options.filter(({ name, default: usual }) => !same(options[name] ?? usual, usual));

/** The lines of Rust. */
export function rust(loss, options) {
  const name = camel(loss.id);
  const calls = changed(loss, options).map((option) => `.${option.name}(${rustValue(option, options[option.name])})`);
  const made = calls.length ? `${name}::new()${calls.join("")}` : `${name}::default()`;
  const operands = loss.operands.filter((operand) => !operand.optional).map((operand) => `&${operand.name}`);
  return `let term = ${made}.of(${operands.join(", ")});\nlet (out, [gradient]) = gpu.gradients(&term, [${operands[0]}])?;`;
}

function pythonValue(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** The options that a function or module of Python takes by this library's names. */
const KEYWORDS = {
  CosineEmbeddingLoss: ["margin"],
  DiceCELoss: ["batch", "include_background", "jaccard", "label_smoothing", "smooth_dr", "smooth_nr", "squared_pred"],
  DiceFocalLoss: ["batch", "gamma", "include_background", "jaccard", "smooth_dr", "smooth_nr", "squared_pred"],
  DiceLoss: ["batch", "include_background", "jaccard", "smooth_dr", "smooth_nr", "soft_label", "squared_pred"],
  GeneralizedDiceLoss: ["batch", "include_background", "smooth_dr", "smooth_nr", "soft_label"],
  TripletMarginLoss: ["eps", "margin", "p", "swap"],
  TverskyLoss: ["alpha", "batch", "beta", "include_background", "smooth_dr", "smooth_nr", "soft_label"],
  cross_entropy: ["ignore_index", "label_smoothing"],
  gaussian_nll_loss: ["eps", "full"],
  hinge_embedding_loss: ["margin"],
  huber_loss: ["delta"],
  kl_div: ["log_target"],
  margin_ranking_loss: ["margin"],
  multi_margin_loss: ["margin", "p"],
  nll_loss: ["ignore_index"],
  poisson_nll_loss: ["eps", "full", "log_input"],
  sigmoid_focal_loss: ["alpha", "gamma"],
  smooth_l1_loss: ["beta"],
};

/**
 * The function or module of PyTorch, torchvision or MONAI that the loss's documentation names. There is none if the reference
 * is this function of something else, or this module and another.
 */
function reference(page) {
  const text = page.replace(/\s+/g, " ");
  const torch = text.match(/Reference: `((?:torch|torchvision)\.[\w.]+)`(?! of)/);
  if (torch) return torch[1];
  const monai = text.match(/Reference: MONAI's `(\w+)`(?! and)/);
  return monai && `monai.losses.${monai[1]}`;
}

/**
 * The lines of Python, or `undefined` if the loss's documentation names no Python function or module. A comment lists the options
 * that have no keyword there.
 */
export function python(loss, options) {
  const path = reference(loss.page);
  if (!path) return undefined;
  const operands = loss.operands.filter((operand) => !operand.optional).map((operand) => operand.name).join(", ");
  const name = path.split(".").pop();
  const [words, others] = [[], []];
  for (const option of changed(loss, options)) {
    const list = KEYWORDS[name]?.includes(option.name) ? words : others;
    list.push(`${option.name}=${pythonValue(options[option.name])}`);
  }
  const short = path.replace(/^torch\.nn\.functional/, "F").replace(/^torch\.nn/, "nn");
  const isModule = /^[A-Z]/.test(name);
  const line = isModule ? `loss = ${short}(${words.join(", ")})(${operands})` : `loss = ${short}(${[operands, ...words].join(", ")})`;
  const without = others.length ? `# without ${others.join(", ")}: ${short} has no such keyword\n` : "";
  return `${without}${line}\nloss.backward()`;
}
