// Elements of positions take part where the mask keeps the element and the label of its position is not ignored.
// needs: lib/params
// slots: labels mask
fn is_inspected(element: u32) -> bool {
    let position = ((element / params.block.plane) * params.block.step) + (element % params.block.step);
    return (mask_at(element) != 0.0) & target_label(position).kept;
}
