// The colours of heights: dark blue for low, yellow for high, even to the eye and to eyes that see few colours.

/** Points of the map `viridis`, from low to high. */
const POINTS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/** The colour of a share from 0 to 1, made brighter or darker by `light`. */
export function heat(share, light = 1) {
  if (!Number.isFinite(share)) return "#808080";
  const place = Math.min(Math.max(share, 0), 1) * (POINTS.length - 1);
  const from = Math.min(Math.floor(place), POINTS.length - 2);
  const mix = (channel) => {
    const value = POINTS[from][channel] + (POINTS[from + 1][channel] - POINTS[from][channel]) * (place - from);
    return Math.round(Math.min(255, value * light));
  };
  return `rgb(${mix(0)}, ${mix(1)}, ${mix(2)})`;
}
