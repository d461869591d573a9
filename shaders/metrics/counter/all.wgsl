// Counts each position in the cells that all workgroups share, where there are too many cells for workgroup memory.
// needs: scratch/counts
fn begin_counts(lane: u32) {}

fn count_position(cell: u32) {
    atomicAdd(&counts[cell], 1u);
}

fn end_counts(lane: u32) {}
