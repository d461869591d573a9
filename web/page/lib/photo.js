// A part of the photograph of coins, for the losses of pictures: its grey levels, changes to them, and how they are drawn.

import { blur, crop, grey } from "./coins.js";
import { greatest } from "./descent.js";
import { tensor } from "./gpu.js";
import { channels } from "./heat.js";
import { fitted } from "./plot.js";
import { colour } from "./theme.js";

const [WIDTH, HEIGHT] = [96, 72];
/** Where the part lies in the photograph. */
const [LEFT, TOP] = [30, 40];
/** The space between two pictures. */
const GAP = 8;

/** The grey levels of the part, from 0 to 1. */
export async function piece() {
  const { width, levels } = await grey("data/coins.png");
  return crop(levels, width, LEFT, WIDTH).slice(TOP * WIDTH, (TOP + HEIGHT) * WIDTH);
}

/** Grey levels as one picture of one channel. */
export const asPicture = (levels) => tensor(Float32Array.from(levels), [1, 1, HEIGHT, WIDTH]);

/** Grey levels after a blur with a radius in pixels, made brighter, and with noise that is the same every time. */
export function changed(levels, { radius = 0, brighter = 0, noise = 0 }) {
  const smooth = radius > 0 ? blur(levels, WIDTH, HEIGHT, radius) : levels;
  let state = 1;
  const between = () => (state = (state * 16807) % 2147483647) / 2147483647 - 0.5;
  return smooth.map((level) => level + brighter + 2 * noise * between());
}

/** The colours of grey levels. */
export const asGrey = (levels) => (k) => new Array(3).fill(Math.min(Math.max(levels[k], 0), 1) * 255);

/** The colours of a gradient: yellow where brighter pixels would lower the loss, dark blue where darker ones would. */
export function asDescent(gradient) {
  const most = greatest(gradient);
  return (k) => channels(0.5 - (0.5 * gradient[k]) / most);
}

/** Draws pictures side by side, with their names below. `colours` returns the red, green and blue of a pixel. */
export function drawnBeside(canvas, pictures) {
  const shown = Math.min(((canvas.clientWidth || 300) - GAP * (pictures.length - 1)) / pictures.length, 300);
  const height = (shown * HEIGHT) / WIDTH;
  const { context } = fitted(canvas, height + 24);
  context.imageSmoothingEnabled = false;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "top";
  pictures.forEach(({ name, colours }, place) => {
    const image = new ImageData(WIDTH, HEIGHT);
    for (let k = 0; k < WIDTH * HEIGHT; k++) image.data.set([...colours(k), 255], 4 * k);
    const picture = new OffscreenCanvas(WIDTH, HEIGHT);
    picture.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(picture, place * (shown + GAP), 0, shown, height);
    context.fillStyle = colour("quiet");
    context.fillText(name, place * (shown + GAP), height + 7);
  });
}
