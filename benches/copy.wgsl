// Copies floats in several access patterns: the yardstick of every kernel that is bound by memory.
@group(0) @binding(0) var<storage, read> from_words: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to_words: array<vec4<f32>>;

// how many neighbouring quads an invocation copies, and whether neighbouring invocations take neighbouring quads
override RUN: u32 = 1u;
override STRIDED: bool = true;

@compute @workgroup_size(256)
fn copy(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let tile = group.x * 256u * RUN;
    for (var k = 0u; k < RUN; k += 1u) {
        let i = tile + select((lane * RUN) + k, (k * 256u) + lane, STRIDED);
        if i < arrayLength(&to_words) {
            to_words[i] = from_words[i];
        }
    }
}
