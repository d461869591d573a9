// Names of losses: `cross_entropy` is `CrossEntropy` in Rust.

/** A name in snake_case as CamelCase. */
export const camel = (name) => name.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());

/** A name in CamelCase as snake_case. */
export const snake = (name) => name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** The ids of the losses that a line of Rust makes, without those that occur in it as the name of an option's value. */
export function lossesIn(code, losses) {
  const names = code.match(/(?<!:\s*)\b[A-Z]\w+/g) ?? [];
  return [...new Set(names.map(snake))].filter((id) => losses.has(id));
}
