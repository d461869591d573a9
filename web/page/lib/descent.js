// Steps down a gradient, for pictures that can be improved by hand.

/** The greatest size of numbers; 1 if all are 0. */
export const greatest = (numbers) => numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0) || 1;

/**
 * Numbers after a step down their gradient. None moves by more than `most`, and by less where that would lead up again.
 * `valueAt` gives the loss at other numbers.
 */
export async function stepped(numbers, gradient, value, most, valueAt) {
  const steepest = greatest(gradient);
  for (let size = most; size > most / 256; size /= 2) {
    const moved = numbers.map((number, k) => number - (size * gradient[k]) / steepest);
    if ((await valueAt(moved)) < value) return moved;
  }
  return numbers;
}
