// Writes the unreduced loss of each item: the sum of its chunks' tallies.
// needs: lib/params lib/tally lib/workspace
// slots: losses
@compute @workgroup_size(256)
fn items_losses(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let item = (workgroup_at(group, grid) * 256u) + lane;
    if item >= params.items {
        return;
    }
    var merged = tally_none();
    for (var chunk = 0u; chunk < params.chunks; chunk += 1u) {
        merged = tally_merge(merged, workspace.tallies[(item * params.chunks) + chunk]);
    }
    if merged.poison != 0u {
        emit_loss(item, nan());
    } else {
        emit_loss(item, params.weight * merged.sum);
    }
}
