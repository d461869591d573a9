// Which elements of steps are inspected: those of steps that their item has.
// needs: lib/params operand/step_counts
fn is_inspected(element: u32) -> bool {
    let count = step_count_at((element / params.block.step) % (params.block.plane / params.block.step));
    return (count.y == 0u) & ((element / params.block.plane) < count.x);
}
