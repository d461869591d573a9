// Draws curves on a canvas: axes with round numbers, a line for each series.

import { short } from "./dom.js";
import { colour } from "./theme.js";

const LEFT = 52;
const BOTTOM = 26;
const TOP = 12;
const RIGHT = 12;

/** Sizes a canvas for the screen, and returns its context in CSS pixels with its width and height. */
export function fitted(canvas, height) {
  const width = canvas.clientWidth || 300;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** About `count` round numbers from `low` to `high`. */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) {
    found.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
  }
  return found;
}

/** The least and the greatest finite number, with a small margin. */
export function range(numbers) {
  const finite = numbers.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

/** Draws series of `{ x, y, colour, dashed }`, and a dotted vertical line at `at`. */
export function plot(canvas, { series, height = 300, xName = "", at, xRange, yRange }) {
  const { context, width } = fitted(canvas, height);
  const [left, right] = xRange ?? range(series.flatMap(({ x }) => [x[0], x[x.length - 1]]));
  const [low, high] = yRange ?? range(series.flatMap(({ y }) => Array.from(y)));
  const toX = (x) => LEFT + ((x - left) / (right - left)) * (width - LEFT - RIGHT);
  const toY = (y) => TOP + ((high - y) / (high - low)) * (height - TOP - BOTTOM);
  axes(context, { left, right, low, high, toX, toY, width, height, xName });
  context.save();
  context.beginPath();
  context.rect(LEFT, TOP, width - LEFT - RIGHT, height - TOP - BOTTOM);
  context.clip();
  if (at !== undefined) line(context, [[toX(at), TOP], [toX(at), height - BOTTOM]], colour("quiet"), [2, 4], 1);
  for (const { x, y, colour: name, dashed } of series) {
    const points = Array.from(x, (x, place) => [toX(x), toY(y[place])]);
    line(context, points, colour(name), dashed ? [6, 5] : [], 2.2);
  }
  context.restore();
}

function axes(context, { left, right, low, high, toX, toY, width, height, xName }) {
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colour("quiet");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of ticks(low, high, 5)) {
    line(context, [[LEFT, toY(tick)], [width - RIGHT, toY(tick)]], colour("grid"), [], 1);
    context.fillText(short(Number(tick.toPrecision(8))), LEFT - 7, toY(tick));
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const tick of ticks(left, right, Math.min(10, width / 70))) {
    context.fillText(short(Number(tick.toPrecision(8))), toX(tick), height - BOTTOM + 8);
  }
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText(xName, width - RIGHT, height - BOTTOM - 4);
}

/** Draws an arrow. Its tip is a dot. */
export function arrow(context, from, to, style, thickness = 2) {
  line(context, [from, to], style, [], thickness);
  dot(context, to, thickness * 1.6, style);
}

/** Draws a dot. */
export function dot(context, [x, y], radius, style) {
  context.fillStyle = style;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** Draws a line through points, with gaps at points that are not finite. */
export function line(context, points, style, dashes = [], thickness = 2) {
  context.strokeStyle = style;
  context.lineWidth = thickness;
  context.lineJoin = "round";
  context.setLineDash(dashes);
  context.beginPath();
  let drawing = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      drawing = false;
    } else if (drawing) {
      context.lineTo(x, y);
    } else {
      context.moveTo(x, y);
      drawing = true;
    }
  }
  context.stroke();
  context.setLineDash([]);
}
