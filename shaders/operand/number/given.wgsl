// A number that travels with the dispatch: each of its four bytes is bound as a dynamic offset into a table of all bytes. So
// recording a number writes no memory that an earlier run may still need.
@group(0) @binding(1) var<uniform> byte_0: vec4<u32>;
@group(0) @binding(2) var<uniform> byte_1: vec4<u32>;
@group(0) @binding(3) var<uniform> byte_2: vec4<u32>;
@group(0) @binding(4) var<uniform> byte_3: vec4<u32>;

fn number_bits() -> u32 {
    return ((byte_0.x | (byte_1.x << 8u)) | (byte_2.x << 16u)) | (byte_3.x << 24u);
}
