// Copies quads in several access patterns: the yardstick of every kernel that is bound by memory.
alias Quad = vec4<f32>;

@group(0) @binding(0) var<storage, read> from_words: array<Quad>;
@group(0) @binding(1) var<storage, read_write> to_words: array<Quad>;

// how many quads an invocation copies, and how many neighbouring invocations share a contiguous piece, each taking every
// LANES-th quad of it: 256 walks a workgroup's tile together, 1 gives each invocation a piece of its own
override RUN: u32 = 1u;
override LANES: u32 = 256u;

@compute @workgroup_size(256)
fn copy(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let piece = ((group.y * groups.x + group.x) * 256u * RUN) + ((lane / LANES) * LANES * RUN);
    for (var k = 0u; k < RUN; k += 1u) {
        let i = piece + (k * LANES) + (lane % LANES);
        if i < arrayLength(&to_words) {
            to_words[i] = from_words[i];
        }
    }
}
