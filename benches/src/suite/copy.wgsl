// Copies quads in several access patterns. Kernels that memory bounds are compared with the fastest.
alias Quad = vec4<f32>;

@group(0) @binding(0) var<storage, read> from_words: array<Quad>;
@group(0) @binding(1) var<storage, read_write> to_words: array<Quad>;

// RUN is the number of quads that an invocation copies. LANES neighbouring invocations share a contiguous range, and
// each copies every LANES-th quad of it. With 256, a workgroup shares one range; with 1, each invocation has its own.
override RUN: u32 = 1u;
override LANES: u32 = 256u;

@compute @workgroup_size(256)
fn copy(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let start = ((group.y * groups.x + group.x) * 256u * RUN) + ((lane / LANES) * LANES * RUN);
    for (var k = 0u; k < RUN; k += 1u) {
        let i = start + (k * LANES) + (lane % LANES);
        if i < arrayLength(&to_words) {
            to_words[i] = from_words[i];
        }
    }
}
