// Names of losses: `cross_entropy` is `CrossEntropy` in Rust.

/** A name in snake_case as CamelCase. */
export const camel = (name) => name.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());

/** A name in CamelCase as snake_case. */
export const snake = (name) => name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** The id of the first loss that a line of Rust names. */
export function lossIn(code, losses) {
  const names = code.match(/\b[A-Z]\w+/g) ?? [];
  return names.map(snake).find((id) => losses.has(id));
}
