// Choosing a loss: the tasks, and for each its loss with formula, options and code.

import { el } from "../lib/dom.js";
import { allTasks, catalogue } from "../lib/gpu.js";
import { paragraphs } from "../lib/markdown.js";
import { lossesIn } from "../lib/names.js";
import { controls, defaults } from "../lib/options.js";
import { python, rust } from "../lib/snippets.js";
import { visual } from "./see.js";

/** Shows the tasks, and the task that the address names or the first. */
export async function show(main, [chosen], signal) {
  const [losses, tasks] = await Promise.all([catalogue(), allTasks()]);
  const detail = el("section", { "aria-live": "polite", "aria-label": "The loss for the task" });
  const list = el("ul", { class: "tasks" });
  const pick = (task, button) => {
    for (const other of list.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    history.replaceState(null, "", `#choose/${encodeURIComponent(task.name)}`);
    detail.replaceChildren(...described(task, losses, signal));
  };
  for (const task of tasks) {
    const button = el("button", { type: "button", "aria-pressed": "false", onclick: () => pick(task, button) }, task.name);
    list.append(el("li", {}, button));
  }
  const search = el("input", { type: "search", placeholder: "segmentation, ranking, …", "aria-label": "Search tasks" });
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    tasks.forEach((task, place) => {
      const text = Object.values(task).join(" ").toLowerCase();
      list.children[place].hidden = !words.every((word) => text.includes(word));
    });
  });
  main.append(
    el("h1", {}, "Which loss for which task?"),
    el("p", { class: "lead" }, "Pick what you train. Each loss runs as a GPU kernel, in Rust and in this browser."),
    el("div", { class: "columns" }, el("div", {}, el("div", { class: "field" }, search), list), detail),
  );
  const place = Math.max(tasks.findIndex((task) => task.name === chosen), 0);
  pick(tasks[place], list.children[place].querySelector("button"));
}

const code = (text) => text.replace(/`/g, "");

/** Describes a task, and the losses that its code names. If it doesn't name exactly one, the code of the task is shown too. */
function described(task, losses, signal) {
  const head = [
    el("h2", {}, task.name[0].toUpperCase() + task.name.slice(1)),
    el("p", {}, `The model gives ${code(task.data)}; the target is ${code(task.targets)}.`),
    el("p", { class: "hint" }, `Mind: ${task.note}.`),
  ];
  const named = lossesIn(task.code, losses).map((id) => losses.get(id));
  const whole = named.length === 1 ? [] : [el("h2", {}, "In Rust"), block(task.code, "Rust")];
  return [...head, ...whole, ...named.flatMap((loss) => about(loss, losses, signal))];
}

/** Describes a loss: its picture, options, code and documentation. */
function about(loss, losses, signal) {
  const values = defaults(loss);
  const lines = { rust: block("", "Rust"), python: block("", "Python") };
  const picture = el("div");
  let draw = () => {};
  const change = () => {
    lines.rust.firstChild.textContent = rust(loss, values);
    lines.python.firstChild.textContent = python(loss, values) ?? "# no line of PyTorch is known for this loss";
    draw();
  };
  change();
  visual(loss, picture, values, signal).then((drawn) => (draw = drawn ?? draw));
  return [
    el("h2", {}, `${loss.id}: ${loss.title}`),
    picture,
    el("div", { class: "cards" },
      el("div", { class: "card wide" }, el("h2", {}, "Rust"), lines.rust, el("h2", {}, "PyTorch"), lines.python),
      el("div", { class: "card wide" }, el("h2", {}, "Options"), el("div", { class: "cards" }, controls(loss, values, change)))),
    el("h2", {}, "What it computes"),
    el("div", { class: "page" }, paragraphs(loss.page, losses)),
  ];
}

const block = (text, language) => el("pre", { tabindex: "0", "aria-label": `Code in ${language}` }, el("code", {}, text));
