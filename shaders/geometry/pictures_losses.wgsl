// Writes the unreduced loss of each item: the sum of its tallies. A workgroup takes an item.
// needs: lib/params lib/totals
// slots: losses
@compute @workgroup_size(256)
fn pictures_losses(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let item = workgroup_at(group, grid);
    let live = item < params.items;
    let first = select(0u, item * params.chunks, live);
    let merged = tally_all(first, select(first, first + params.chunks, live), lane);
    if live & (lane == 0u) {
        emit_loss(item, select(params.weight * merged.sum, nan(), merged.poison != 0u));
    }
}
