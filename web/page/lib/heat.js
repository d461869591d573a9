// The colours of heights: dark blue for low and yellow for high, in perceptually even steps that colour-blind visitors can
// see.

/** Points of the colour map `viridis`, from low to high. */
const POINTS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/** Red, green and blue for a share from 0 to 1, multiplied by `light`. A share that is not finite is grey. */
export function channels(share, light = 1) {
  if (!Number.isFinite(share)) return [128, 128, 128];
  const place = Math.min(Math.max(share, 0), 1) * (POINTS.length - 1);
  const from = Math.min(Math.floor(place), POINTS.length - 2);
  return POINTS[from].map((low, channel) => {
    const value = low + (POINTS[from + 1][channel] - low) * (place - from);
    return Math.round(Math.min(255, value * light));
  });
}

/** The same colour in CSS. */
export const heat = (share, light) => `rgb(${channels(share, light).join(", ")})`;
