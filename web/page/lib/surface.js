// Draws values over a grid: as a surface that can be turned, with contours on its floor, and as a map.

import { short } from "./dom.js";
import { heat } from "./heat.js";
import { fitted, line } from "./plot.js";
import { colour } from "./theme.js";

const LEVELS = 14;

/** Prepares a grid of values for both pictures: heights from 0 to 1, on a scale that shows valleys, and contours. */
export function prepared({ x, y, size, values }) {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  // the rim may be far higher than the valleys, so the scale is logarithmic above the lowest quarter
  const sorted = Float32Array.from(finite).sort();
  const knee = Math.max((sorted[Math.floor(sorted.length / 4)] ?? 1) - low, (high - low) * 1e-4, 1e-12);
  const top = Math.log1p((high - low) / knee);
  const height = (value) => (Number.isFinite(value) ? Math.min(Math.log1p(Math.max(value - low, 0) / knee) / top, 1) : NaN);
  const heights = Float32Array.from(values, height);
  const levels = Array.from({ length: LEVELS }, (_, k) => (k + 0.5) / LEVELS);
  return { x, y, size, values, low, high, heights, height, contours: levels.map((level) => ({ level, lines: contour(heights, size, level) })) };
}

/** The lines where the heights cross a level, as pairs of points in grid coordinates (marching squares). */
function contour(heights, size, level) {
  const lines = [];
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
      const at = corners.map(([i, j]) => heights[(row + j) * size + column + i]);
      const crossed = [];
      for (let k = 0; k < 4; k++) {
        const [a, b] = [at[k], at[(k + 1) % 4]];
        if (a < level === b < level || Number.isNaN(a + b)) continue;
        const share = (level - a) / (b - a);
        const [from, to] = [corners[k], corners[(k + 1) % 4]];
        crossed.push([column + from[0] + share * (to[0] - from[0]), row + from[1] + share * (to[1] - from[1])]);
      }
      for (let k = 0; k + 1 < crossed.length; k += 2) lines.push([crossed[k], crossed[k + 1]]);
    }
  }
  return lines;
}

/** Converts coordinates of the axes to grid coordinates. */
const toCell = ({ x, y, size }, [px, py]) => [((px - x[0]) / (x[1] - x[0])) * (size - 1), ((py - y[0]) / (y[1] - y[0])) * (size - 1)];

/** Draws the map, and a path with its start. */
export function map(canvas, grid, path) {
  const side = Math.min(canvas.clientWidth || 300, 420);
  const { context } = fitted(canvas, side);
  const cell = side / grid.size;
  const place = ([column, row]) => [(column + 0.5) * cell, side - (row + 0.5) * cell];
  for (let row = 0; row < grid.size; row++) {
    for (let column = 0; column < grid.size; column++) {
      context.fillStyle = heat(grid.heights[row * grid.size + column]);
      context.fillRect(Math.floor(column * cell), Math.floor(side - (row + 1) * cell), Math.ceil(cell) + 1, Math.ceil(cell) + 1);
    }
  }
  for (const { lines } of grid.contours) {
    for (const ends of lines) line(context, ends.map(place), "rgba(255, 255, 255, 0.45)", [], 1);
  }
  trace(context, path.map(([x, y]) => place(toCell(grid, [x, y]))));
}

/** The point, in coordinates of the axes, under the pointer on the map. */
export function pointed(canvas, grid, event) {
  const side = Math.min(canvas.clientWidth || 300, 420);
  const [column, row] = [event.offsetX / side, 1 - event.offsetY / side];
  return [grid.x[0] + column * (grid.x[1] - grid.x[0]), grid.y[0] + row * (grid.y[1] - grid.y[0])];
}

/** Draws a path with its start and end, in two strokes, so that it shows on every colour. */
function trace(context, points) {
  if (points.length === 0) return;
  line(context, points, "rgba(0, 0, 0, 0.8)", [], 5);
  line(context, points, "#ffffff", [], 2.5);
  for (const [place, fill] of [[points[0], "#ffffff"], [points[points.length - 1], "#e0245e"]]) {
    context.beginPath();
    context.arc(...place, 5.5, 0, 7);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = "#000000";
    context.lineWidth = 1.5;
    context.stroke();
  }
}

/** Draws the surface, seen from the angles `around` and `above`, in radians. */
export function surface(canvas, grid, path, { around, above }) {
  const { context, width, height } = fitted(canvas, Math.min((canvas.clientWidth || 300) * 0.95, 440));
  const scale = Math.min(width / 1.65, height / 1.3);
  const [sine, cosine] = [Math.sin(around), Math.cos(around)];
  const [up, flat] = [Math.sin(above), Math.cos(above)];
  const project = (column, row, tall) => {
    const [u, v] = [column / (grid.size - 1) - 0.5, row / (grid.size - 1) - 0.5];
    const [right, deep] = [u * cosine - v * sine, u * sine + v * cosine];
    return [width / 2 + right * scale, height * 0.5 - deep * up * scale - (tall * 0.55 - 0.2) * flat * scale, deep];
  };
  floor(context, grid, project);
  const stride = Math.max(1, Math.round(grid.size / 60));
  const quads = [];
  for (let row = 0; row + stride < grid.size; row += stride) {
    for (let column = 0; column + stride < grid.size; column += stride) {
      const corners = [[0, 0], [stride, 0], [stride, stride], [0, stride]].map(([i, j]) => {
        const tall = grid.heights[(row + j) * grid.size + column + i];
        return [...project(column + i, row + j, tall), tall];
      });
      if (corners.some((corner) => Number.isNaN(corner[3]))) continue;
      quads.push({ corners, deep: corners[0][2] + corners[2][2] });
    }
  }
  quads.sort((a, b) => b.deep - a.deep);
  for (const { corners } of quads) {
    const tall = corners.reduce((sum, corner) => sum + corner[3], 0) / 4;
    // the light comes from the left: slopes that face right are darker
    const light = 1 + 1.6 * (corners[0][3] - corners[1][3] + (corners[3][3] - corners[0][3]) * 0.5);
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x, y);
    context.closePath();
    context.fillStyle = heat(tall, Math.min(Math.max(light, 0.65), 1.25));
    context.strokeStyle = context.fillStyle;
    context.lineWidth = 0.7;
    context.fill();
    context.stroke();
  }
  const raised = path.map(([x, y, value]) => {
    const [column, row] = toCell(grid, [x, y]);
    return project(column, row, grid.height(value) + 0.015).slice(0, 2);
  });
  trace(context, raised);
}

/** Draws the floor below the surface, with the contours and the names of the ends. */
function floor(context, grid, project) {
  const last = grid.size - 1;
  const below = -0.35;
  const corners = [[0, 0], [last, 0], [last, last], [0, last], [0, 0]].map(([column, row]) => project(column, row, below).slice(0, 2));
  line(context, corners, colour("line"), [], 1.5);
  for (const { level, lines } of grid.contours) {
    const style = heat(level);
    for (const ends of lines) line(context, ends.map(([column, row]) => project(column, row, below).slice(0, 2)), style, [], 1.3);
  }
  context.fillStyle = colour("quiet");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  const name = (text, column, row) => context.fillText(text, ...project(column, row, below - 0.06).slice(0, 2));
  name(`x ${short(grid.x[0])}`, 0, -grid.size * 0.03);
  name(`x ${short(grid.x[1])}`, last, -grid.size * 0.03);
  name(`y ${short(grid.y[1])}`, last * 1.04, last);
}
