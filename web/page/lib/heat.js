// The colours of heights: dark blue for low, yellow for high, even to the eye and to eyes that see few colours.

/** Points of the map `viridis`, from low to high. */
const POINTS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/** Red, green and blue of a share from 0 to 1, made brighter or darker by `light`; grey for no number. */
export function channels(share, light = 1) {
  if (!Number.isFinite(share)) return [128, 128, 128];
  const place = Math.min(Math.max(share, 0), 1) * (POINTS.length - 1);
  const from = Math.min(Math.floor(place), POINTS.length - 2);
  return POINTS[from].map((low, channel) => {
    const value = low + (POINTS[from + 1][channel] - low) * (place - from);
    return Math.round(Math.min(255, value * light));
  });
}

/** The same colour as CSS writes it. */
export const heat = (share, light) => `rgb(${channels(share, light).join(", ")})`;
