// Gradient steps, for pictures whose loss the visitor can lower.

/** The greatest absolute value of the numbers, or 1 if all are 0. */
export const greatest = (numbers) => numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0) || 1;

/**
 *  Returns the numbers after a step down their gradient. No number moves by more than `most`. The step is halved until it
 *  lowers the loss; if none does, the numbers stay. `valueAt` returns the loss at other numbers.
 */
export async function stepped(numbers, gradient, value, most, valueAt) {
  const steepest = greatest(gradient);
  for (let size = most; size > most / 256; size /= 2) {
    const moved = numbers.map((number, k) => number - (size * gradient[k]) / steepest);
    if ((await valueAt(moved)) < value) return moved;
  }
  return numbers;
}
