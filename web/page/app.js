// The frame of the page: it chooses the view and the theme, and shows which GPU the browser has.

import { el } from "./lib/dom.js";
import { opened } from "./lib/gpu.js";
import { startTheme } from "./lib/theme.js";

/** The views, in the order of the menu. Each is a module with `show(main, rest, signal)`. */
const VIEWS = [
  { id: "choose", name: "Choose", load: () => import("./views/choose.js") },
  { id: "see", name: "See", load: () => import("./views/see.js") },
  { id: "train", name: "Train", load: () => import("./views/train.js") },
  { id: "landscape", name: "Landscape", load: () => import("./views/landscape.js") },
  { id: "verify", name: "Verify", load: () => import("./views/verify.js") },
  { id: "bench", name: "Bench", load: () => import("./views/bench.js") },
];

const main = document.getElementById("main");
const pages = document.getElementById("pages");
let leaving = new AbortController();

for (const { id, name } of VIEWS) {
  pages.append(el("li", {}, el("a", { href: `#${id}`, dataset: { view: id } }, name)));
}

/** Shows the view that the address names: `#see/cross_entropy` is the view `see` of `cross_entropy`. */
async function route() {
  const [id, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  // the link that skips to the content does not name a view
  if (id === "main") return;
  const view = VIEWS.find((view) => view.id === id) ?? VIEWS[0];
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  for (const link of pages.querySelectorAll("a")) {
    link.toggleAttribute("aria-current", link.dataset.view === view.id);
    if (link.dataset.view === view.id) link.setAttribute("aria-current", "page");
  }
  document.title = `${view.name} · wgloss`;
  const { show } = await view.load();
  if (signal.aborted) return;
  main.replaceChildren();
  main.dataset.view = view.id;
  await show(main, rest, signal);
}

/** Shows which GPU computes, or what the browser lacks. */
async function announce() {
  const { gpu, error } = await opened();
  const notice = document.getElementById("no-gpu");
  if (gpu) {
    const { name, driver } = gpu.adapter;
    document.getElementById("adapter").textContent = `GPU: ${[name, driver].filter(Boolean).join(", ") || "not named by the browser"}.`;
  } else {
    notice.hidden = false;
    notice.textContent = `${error.message}. Curves are computed on the CPU; training, landscapes and measurements need the GPU.`;
  }
}

startTheme(document.getElementById("theme"));
addEventListener("hashchange", () => route().then(() => main.focus({ preventScroll: true })));
await route();
await announce();
