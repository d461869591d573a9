// Writes the gradient that comes through the mean over a sequence: the same number for each element that takes part.
// needs: lib/math lib/params scratch/sequence_slopes
// slots: dx0 items mask
@compute @workgroup_size(256)
fn sequences_spread(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let sequence = workgroup / params.chunks;
    let chunk = workgroup % params.chunks;
    if sequence >= params.items {
        return;
    }
    var slope = 0.0;
    var unknown = false;
    for (var k = 0u; k < params.chunks; k += 1u) {
        let of_chunk = sequence_slopes[(sequence * params.chunks) + k];
        unknown = unknown | is_nan(of_chunk);
        slope += of_chunk;
    }
    let d = select(slope * item_at(sequence).w, nan(), unknown);
    let start = (sequence * params.per_item) + (chunk * params.chunk);
    let end = min(start + params.chunk, (sequence + 1u) * params.per_item);
    for (var i = start + (4u * lane); i < end; i += 1024u) {
        if i + 4u <= end {
            let kept = vec4<f32>(mask_at(i), mask_at(i + 1u), mask_at(i + 2u), mask_at(i + 3u)) != vec4<f32>(0.0);
            store_dx0_four(i, select(vec4<f32>(0.0), vec4<f32>(d), kept));
        } else {
            // the last elements, which fill no quad
            for (var k = i; k < end; k += 1u) {
                store_dx0(k, select(0.0, d, mask_at(k) != 0.0));
            }
        }
    }
}
