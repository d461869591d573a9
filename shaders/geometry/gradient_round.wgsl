// Writes a gradient that was summed in f32 to an output: rounded once, if that has 16 bits.
// needs: lib/params
// slots: dx0 x0
@compute @workgroup_size(256)
fn gradient_round(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = 4u * ((workgroup_at(group, grid) * 256u) + lane);
    if first + 4u <= params.items {
        store_dx0_four(first, x0_four(first));
        return;
    }
    for (var i = first; i < params.items; i += 1u) {
        store_dx0(i, x0_at(i));
    }
}
