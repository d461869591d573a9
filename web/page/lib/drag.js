// Dragging points on a canvas with a pointer.

/** Moves the point of `places` that is nearest to the pointer, if it lies within `reach`. `toPlane` maps pixels of the canvas. */
export function draggable(canvas, places, reach, toPlane, changed) {
  let held;
  const at = (event) => toPlane([event.offsetX, event.offsetY]);
  canvas.addEventListener("pointerdown", (event) => {
    const pointer = at(event);
    const far = (place) => Math.hypot(place[0] - pointer[0], place[1] - pointer[1]);
    const nearest = places.reduce((best, place) => (far(place) < far(best) ? place : best));
    if (far(nearest) > reach) return;
    held = nearest;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    at(event).forEach((coordinate, axis) => (held[axis] = coordinate));
    changed();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (held = undefined));
}
