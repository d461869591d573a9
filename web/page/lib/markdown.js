// The documentation of a loss as page elements: paragraphs with code, and links to losses on this page.

import { el } from "./dom.js";
import { snake } from "./names.js";

/** The paragraphs before the example. */
export function paragraphs(page, losses) {
  const lines = page.split("\n").map((line) => line.replace(/^ /, ""));
  const end = lines.findIndex((line) => line.startsWith("# "));
  const text = lines.slice(0, end < 0 ? lines.length : end).join("\n");
  const whole = text.split(/\n\n+/).filter((paragraph) => paragraph.trim());
  return whole.map((paragraph) => el("p", {}, inline(paragraph, losses)));
}

/** The text of a paragraph, with its code and links. */
function inline(text, losses) {
  const parts = text.replace(/\s+/g, " ").split(/(\[[^\]]*\](?:\([^)]*\))?(?=[\s.,;:)]|$)|`[^`]*`)/);
  return parts.map((part) => {
    const link = part.match(/^\[`([^`]*)`\]/);
    if (link) {
      const id = snake(link[1]);
      return losses.has(id) ? el("a", { href: `#see/${id}` }, el("code", {}, link[1])) : el("code", {}, link[1]);
    }
    const words = part.match(/^\[([^\]`]+)\]\(/);
    if (words) return words[1];
    const code = part.match(/^`([^`]*)`$/);
    return code ? el("code", {}, code[1]) : part;
  });
}
