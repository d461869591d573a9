// Counts positions in workgroup memory. At its end, a workgroup adds its counts to those that all workgroups share.
// needs: scratch/counts
// slots: cell

// leaves room for the states of lanes in the 16,384 bytes of workgroup memory
const MOST_CELLS: u32 = 3540u;

var<workgroup> own_counts: array<atomic<u32>, MOST_CELLS>;

fn begin_counts(lane: u32) {
    for (var cell = lane; cell < cell_count(); cell += 256u) {
        atomicStore(&own_counts[cell], 0u);
    }
    workgroupBarrier();
}

fn count_position(cell: u32) {
    atomicAdd(&own_counts[cell], 1u);
}

fn end_counts(lane: u32) {
    workgroupBarrier();
    for (var cell = lane; cell < cell_count(); cell += 256u) {
        let count = atomicLoad(&own_counts[cell]);
        if count != 0u {
            atomicAdd(&counts[cell], count);
        }
    }
}
