// Light and dark themes: the system's choice, until the visitor makes one.

const KEY = "wgloss-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

/** Makes a button switch the theme. */
export function startTheme(button) {
  const kept = localStorage.getItem(KEY);
  if (kept) document.documentElement.dataset.theme = kept;
  const label = () => (button.textContent = isDark() ? "Light theme" : "Dark theme");
  const changed = () => {
    label();
    dispatchEvent(new Event("themechange"));
  };
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem(KEY, next);
    changed();
  });
  system.addEventListener("change", changed);
  label();
}

/** A colour of the theme by the name of its variable. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Calls `draw` now, and whenever the theme or the size of an element changes, until the view is left. */
export function redrawn(element, signal, draw) {
  const size = new ResizeObserver(() => draw());
  size.observe(element);
  addEventListener("themechange", draw, { signal });
  signal.addEventListener("abort", () => size.disconnect());
}
