// Trains the same small classifier on the coins of a photograph with three losses side by side.

import { el, labelled, painted, select, short } from "../lib/dom.js";
import { coins, crop, iou, linear, VOID } from "../lib/coins.js";
import { catalogue, needed, tensor } from "../lib/gpu.js";
import { fitted, plot } from "../lib/plot.js";
import { colour, redrawn } from "../lib/theme.js";

const STEPS = 120;
const MOMENTUM = 0.9;
const SHOWN_EVERY = 5;
const COLOURS = ["c1", "c2", "c3"];
const FIRST = ["cross_entropy", "softmax_focal", "dice"];
/** Learning rates that suit the sizes of the losses' gradients. Other losses take the last. */
const RATES = { cross_entropy: 0.3, softmax_focal: 0.4, other: 0.2 };

/** Shows the training. */
export async function show(main, _, signal) {
  const losses = await catalogue();
  const fitting = [...losses.values()].filter(takesPixels).map((loss) => loss.id);
  const curves = { loss: el("canvas", { role: "img" }), iou: el("canvas", { role: "img" }) };
  const verdict = el("p", { role: "status", class: "lead" }, "Press Train.");
  const columns = FIRST.map((id, place) => new Column(id, fitting, place));
  const run = new Run(columns, curves, verdict, signal);
  const start = el("button", { type: "button", onclick: () => run.toggle() }, "Train");
  const reset = el("button", { type: "button", class: "quiet", onclick: () => run.reset() }, "Reset");
  run.showState = () => (start.textContent = run.going ? "Pause" : run.step >= STEPS ? "Train again" : run.step > 0 ? "Go on" : "Train");
  for (const column of columns) column.changed = () => run.reset();
  main.append(
    el("h1", {}, "Train with three losses"),
    el("p", { class: "lead" }, "Two linear functions of a few blurs of the photograph are all there is to the model. It learns from the right half, and is judged on the left half, which it never saw. The GPU computes each loss and its gradient."),
    el("div", { class: "row" }, start, reset),
    verdict,
    el("div", { class: "cards" }, columns.map((column) => column.card)),
    el("div", { class: "cards" },
      el("div", {}, el("h2", {}, "Loss, as a share of its first value"), curves.loss),
      el("div", {}, el("h2", {}, "IoU on the half held out"), curves.iou)),
  );
  redrawn(curves.loss.parentElement, signal, () => run.draw());
  await run.reset();
}

/** Whether a loss takes logits and labels of pixels, and can ignore some pixels. */
function takesPixels(loss) {
  const roles = loss.operands.filter((operand) => !operand.optional).map((operand) => operand.role);
  return /^Classes,(Target|Labels)$/.test(roles.join()) && loss.options.some((option) => option.name === "ignore_index");
}

/** A training with one loss: its model, its curves, its picture. */
class Column {
  constructor(id, fitting, place) {
    this.id = id;
    this.colour = COLOURS[place];
    this.canvas = el("canvas", { role: "img" });
    this.said = el("p", { class: "hint" });
    const menu = select(fitting.map((id) => [id, id]), id, (id) => {
      this.id = id;
      this.changed();
    });
    this.card = el("section", { class: "card", "aria-label": `Training ${place + 1}` }, labelled(`Loss ${place + 1}`, menu), this.canvas, this.said);
  }

  async prepare(gpu, data) {
    const zeros = () => [new Float32Array(data.seen.length), new Float32Array(data.seen.length)];
    Object.assign(this, { weights: zeros(), velocity: zeros(), losses: [], steps: [], scores: [] });
    this.logits = new Float32Array(2 * data.labels.length);
    const shape = [1, 2, data.height, data.labels.length / data.height];
    const operands = { input: tensor(this.logits, shape), target: tensor(data.labels, [shape[0], shape[2], shape[3]]) };
    this.job = await gpu.prepare(this.id, operands, { ignore_index: VOID, gradients: ["input"] });
    this.score(data, 0);
  }

  /** Makes a step of gradient descent with momentum. */
  async step(data) {
    const pixels = data.labels.length;
    const before = this.weights;
    this.weights.forEach((weights, k) => linear(data.seen, weights, this.logits, k * pixels));
    this.job.write("input", this.logits);
    const { value, gradients } = await this.job.run();
    // a reset meanwhile has begun another training
    if (before !== this.weights) return;
    const slope = gradients.input.data;
    const rate = RATES[this.id] ?? RATES.other;
    this.weights.forEach((weights, k) => {
      data.seen.forEach((plane, f) => {
        let sum = 0;
        for (let pixel = 0; pixel < pixels; pixel++) sum += plane[pixel] * slope[k * pixels + pixel];
        this.velocity[k][f] = MOMENTUM * this.velocity[k][f] - rate * sum;
        weights[f] += this.velocity[k][f];
      });
    });
    this.losses.push(value);
  }

  /** Finds the coins in the whole photograph, and scores them on the held-out half. */
  score(data, step) {
    const all = new Float32Array(data.levels.length);
    linear(data.features, this.weights[1].map((weight, f) => weight - this.weights[0][f]), all);
    this.found = Uint8Array.from(all, (logit) => Number(logit > 0));
    this.steps.push(step);
    this.scores.push(iou(this.found, data.coin, data.width, data.width / 2));
  }

  draw(data) {
    if (!this.found) return;
    const { width, height, levels } = data;
    const image = new ImageData(width, height);
    const [red, green, blue] = rgb(colour(this.colour));
    levels.forEach((level, k) => {
      const share = this.found[k] ? 0.5 : 0;
      const grey = level * 255 * (1 - share);
      image.data.set([grey + red * share, grey + green * share, grey + blue * share, 255], 4 * k);
    });
    const picture = new OffscreenCanvas(width, height);
    picture.getContext("2d").putImageData(image, 0, 0);
    const shown = this.canvas.clientWidth || 300;
    const { context } = fitted(this.canvas, (shown * height) / width);
    context.drawImage(picture, 0, 0, shown, (shown * height) / width);
    context.fillStyle = "rgba(255, 255, 255, 0.85)";
    context.fillRect(shown / 2 - 1, 0, 2, shown);
    const score = this.scores[this.scores.length - 1];
    const loss = this.losses.length ? `loss ${short(this.losses[this.losses.length - 1])}, ` : "";
    this.said.textContent = `${loss}IoU held out ${score.toFixed(3)}. Left of the line: never seen.`;
    this.canvas.setAttribute("aria-label", `The photograph with the coins that ${this.id} finds. ${this.said.textContent}`);
  }
}

function rgb(text) {
  const hex = text.replace("#", "");
  return [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

/** The training of all columns, step by step. */
class Run {
  constructor(columns, curves, verdict, signal) {
    Object.assign(this, { columns, curves, verdict, signal, step: 0, going: false, ready: false, data: undefined, turn: 0 });
    signal.addEventListener("abort", () => (this.going = false));
  }

  /** Shows a sentence or an error. */
  say(sentence, { isError = false } = {}) {
    this.verdict.textContent = sentence;
    this.verdict.classList.toggle("error", isError);
  }

  async reset() {
    this.going = false;
    this.ready = false;
    const turn = ++this.turn;
    this.step = 0;
    this.showState();
    try {
      this.gpu ??= await needed();
      this.say("Preparing the photograph and the kernels…");
      await painted();
      this.data ??= halves(await coins());
      for (const column of this.columns) {
        await column.prepare(this.gpu, this.data);
        if (turn !== this.turn) return;
      }
      this.say("Ready. Press Train.");
      this.ready = true;
      this.draw();
    } catch (error) {
      if (turn === this.turn) this.say(error.message, { isError: true });
    }
  }

  async toggle() {
    if (this.ready && this.step >= STEPS) await this.reset();
    if (!this.ready) return;
    this.going = !this.going;
    this.showState();
    const turn = this.turn;
    // a loop that is still at its last step goes on by itself
    if (!this.going || this.looping === turn) return;
    this.looping = turn;
    try {
      await this.train(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      this.going = false;
      this.showState();
      this.say(error.message, { isError: true });
    }
    if (this.looping === turn) this.looping = undefined;
  }

  /** Makes steps until the training is paused, reset or done. */
  async train(turn) {
    while (this.going && this.step < STEPS && turn === this.turn) {
      for (const column of this.columns) {
        await column.step(this.data);
        if (turn !== this.turn) return;
      }
      this.step += 1;
      if (this.step % SHOWN_EVERY === 0 || this.step === STEPS) {
        for (const column of this.columns) column.score(this.data, this.step);
        this.draw();
        await painted();
      }
    }
    if (this.step >= STEPS) {
      this.going = false;
      this.showState();
    }
  }

  draw() {
    if (!this.data) return;
    for (const column of this.columns) column.draw(this.data);
    const series = (x, y) => this.columns.filter((column) => column.losses).map((column, place) => ({ x: x(column), y: y(column), colour: column.colour, dashed: place === 1 }));
    plot(this.curves.loss, {
      series: series(({ losses }) => losses.map((_, k) => k), ({ losses }) => losses.map((loss) => loss / losses[0])),
      height: 220, xName: "step", xRange: [0, STEPS], yRange: [0, 1.1],
    });
    plot(this.curves.iou, { series: series(({ steps }) => steps, ({ scores }) => scores), height: 220, xName: "step", xRange: [0, STEPS], yRange: [0, 1] });
    const last = ({ id, losses, scores }) => `${id}: loss ${short(losses[losses.length - 1] ?? NaN)}, IoU ${scores[scores.length - 1].toFixed(3)}`;
    const text = this.columns.filter((column) => column.scores).map(last).join("; ");
    for (const canvas of Object.values(this.curves)) canvas.setAttribute("aria-label", `Curves after step ${this.step}. ${text}`);
    if (this.step > 0) this.say(`Step ${this.step} of ${STEPS}. ${this.step === STEPS ? compared(this.columns) : ""}`);
  }
}

/** Describes which losses beat cross-entropy. */
function compared(columns) {
  const score = ({ scores }) => scores[scores.length - 1];
  const base = columns.find(({ id }) => id === "cross_entropy");
  if (!base) return "Put cross_entropy beside the others to compare them with it.";
  const others = columns.filter((column) => column !== base);
  const say = (column) => {
    const more = score(column) - score(base);
    return `${column.id} (${score(column).toFixed(3)}) ${more > 0.0005 ? "beats" : more < -0.0005 ? "does not beat" : "equals"} cross-entropy alone`;
  };
  return `Held out, cross-entropy finds an IoU of ${score(base).toFixed(3)}; ${others.map(say).join("; ")}.`;
}

/** Takes labels and features from the right half, which is used for training. */
function halves(data) {
  const from = data.width / 2;
  const right = (plane) => crop(plane, data.width, from, data.width - from);
  return { ...data, seen: data.features.map(right), labels: right(data.labels) };
}
