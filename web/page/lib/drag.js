// Dragging points on a canvas with a pointer.

/** Lets the pointer move the point of `places` that is nearest, if it is within `reach`. `toPlane` converts canvas pixels. */
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
