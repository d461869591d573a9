// The photograph of coins, its labels, and the features of each pixel for a small classifier, as in the example
// `segmentation`.

/** The label of pixels along the outline of a coin, which are ignored. */
export const VOID = 255;

/** Loads the photograph. Returns its size, grey levels, coin pixels, labels and features. */
export async function coins() {
  const [photo, mask] = await Promise.all([grey("data/coins.png"), grey("data/coins_mask.png")]);
  const { width, height } = photo;
  const coin = Uint8Array.from(mask.levels, (level) => Number(level > 0.5));
  return { width, height, levels: photo.levels, coin, labels: labels(coin, width, height), features: features(photo) };
}

/** The grey levels of a picture, between 0 and 1, and its size. */
export async function grey(address) {
  const response = await fetch(new URL(`../${address}`, import.meta.url));
  if (!response.ok) throw new Error(`${address} is not there`);
  const bitmap = await createImageBitmap(await response.blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const levels = Float32Array.from({ length: data.length / 4 }, (_, k) => data[4 * k] / 255);
  return { width: bitmap.width, height: bitmap.height, levels };
}

/** The labels: 0 for background, 1 for coin, `VOID` where the two meet. */
function labels(coin, width, height) {
  return coin.map((is, k) => {
    const [x, y] = [k % width, Math.floor(k / width)];
    const same = (x, y) => coin[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)] === is;
    return same(x + 1, y) && same(x - 1, y) && same(x, y + 1) && same(x, y - 1) ? is : VOID;
  });
}

/** The planes of features: 1, then brightness relative to the surroundings, relief and contrast at several widths. */
function features({ width, height, levels }) {
  const blurred = (plane, radius) => blur(plane, width, height, radius);
  const map = (length, value) => Float32Array.from({ length }, (_, k) => value(k));
  const deviation = (radius) => {
    const [mean, square] = [blurred(levels, radius), blurred(levels.map((v) => v * v), radius)];
    return map(levels.length, (k) => Math.sqrt(Math.max(square[k] - mean[k] * mean[k], 0)));
  };
  const planes = [];
  const [around, spread] = [blurred(levels, 24), deviation(24)];
  for (const radius of [1, 2, 4, 7, 11]) {
    const near = blurred(levels, radius);
    planes.push(map(near.length, (k) => (near[k] - around[k]) / (spread[k] + 0.02)));
  }
  const smooth = blurred(levels, 1);
  const relief = map(levels.length, (k) => {
    const [x, y] = [k % width, Math.floor(k / width)];
    const across = smooth[y * width + Math.min(x + 1, width - 1)] - smooth[y * width + Math.max(x - 1, 0)];
    const down = smooth[Math.min(y + 1, height - 1) * width + x] - smooth[Math.max(y - 1, 0) * width + x];
    return Math.log(Math.hypot(across, down) + 0.01);
  });
  for (const radius of [1, 2, 4, 7, 11]) planes.push(blurred(relief, radius));
  for (const radius of [3, 6]) planes.push(deviation(radius).map((v) => Math.log(v + 0.01)));
  planes.forEach(standardise);
  return [new Float32Array(levels.length).fill(1), ...planes];
}

/** Gives a plane mean 0 and variance 1. */
function standardise(plane) {
  const mean = plane.reduce((sum, v) => sum + v, 0) / plane.length;
  const deviation = Math.sqrt(plane.reduce((sum, v) => sum + (v - mean) ** 2, 0) / plane.length);
  plane.forEach((v, k) => (plane[k] = (v - mean) / deviation));
}

/** A blur that is nearly Gaussian: a mean over `2·radius + 1` pixels, twice along each axis. Each pass transposes. */
export function blur(plane, width, height, radius) {
  for (const [columns, rows] of [[width, height], [height, width], [width, height], [height, width]]) {
    const turned = new Float32Array(plane.length);
    for (let y = 0; y < rows; y++) {
      const at = (x) => plane[y * columns + Math.min(Math.max(x, 0), columns - 1)];
      let sum = 0;
      for (let x = -radius; x <= radius; x++) sum += at(x);
      for (let x = 0; x < columns; x++) {
        turned[x * rows + y] = sum / (2 * radius + 1);
        sum += at(x + radius + 1) - at(x - radius);
      }
    }
    plane = turned;
  }
  return plane;
}

/** `count` columns of a plane, beginning with column `from`. */
export function crop(plane, width, from, count) {
  const rows = plane.length / width;
  const cropped = new plane.constructor(rows * count);
  for (let y = 0; y < rows; y++) cropped.set(plane.subarray(y * width + from, y * width + from + count), y * count);
  return cropped;
}

/** Writes the weighted sum of each pixel's features to `into`, beginning at index `at`. */
export function linear(features, weights, into, at = 0) {
  const length = features[0].length;
  into.fill(0, at, at + length);
  features.forEach((plane, f) => {
    const weight = weights[f];
    for (let k = 0; k < length; k++) into[at + k] += weight * plane[k];
  });
}

/** The intersection over union of two sets of pixels, in the columns before `end`. */
export function iou(found, wanted, width, end) {
  let [both, either] = [0, 0];
  for (let k = 0; k < found.length; k++) {
    if (k % width >= end) continue;
    both += found[k] & wanted[k];
    either += found[k] | wanted[k];
  }
  return either ? both / either : 1;
}
