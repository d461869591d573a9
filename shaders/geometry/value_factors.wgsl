// Combines the mask, the sample weight and the scales of each value in one tensor, for kernels that have no room for a binding
// of each.
// needs: lib/math lib/params scratch/value_factors_out
// slots: mask sample_weight value_scales
@compute @workgroup_size(256)
fn value_factors(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = (workgroup_at(group, grid) * 256u) + lane;
    if i >= params.block.own_end {
        return;
    }
    let scales = value_scales(i);
    let factors = vec4<f32>(sampled(i, 1.0), sampled(i, scales.x), sampled(i, scales.y), 0.0);
    store_factors(i, mask_at(i) != 0.0, select(factors, vec4<f32>(nan()), are_nan(factors)));
}
