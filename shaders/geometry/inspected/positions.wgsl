// Which elements of positions are inspected: those that the mask keeps, where the position's label is neither ignored nor out
// of range.
// needs: lib/params
// slots: labels mask

// whether the mask has a number for each element, rather than for each position
override MASKS_ELEMENTS: bool = false;

fn is_inspected(element: u32) -> bool {
    let position = ((element / params.block.plane) * params.block.step) + (element % params.block.step);
    return (mask_at(select(position, element, MASKS_ELEMENTS)) != 0.0) & target_label(position).kept;
}
