// The classes of a step take part where the item has that step.
// needs: lib/params operand/step_counts
fn is_inspected(element: u32) -> bool {
    let count = step_count_at((element / params.block.step) % (params.block.plane / params.block.step));
    return (count.y == 0u) & ((element / params.block.plane) < count.x);
}
