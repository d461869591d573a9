// Adds each position to the counts of all workgroups, which are too many for the memory of one.
// needs: scratch/counts
fn begin_counts(lane: u32) {}

fn count_position(cell: u32) {
    atomicAdd(&counts[cell], 1u);
}

fn end_counts(lane: u32) {}
