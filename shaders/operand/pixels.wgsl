// What the softmax of each position needs to be remembered by.
@group(0) @binding(18) var<storage, read_write> pixels: array<vec2<f32>>;

fn remembered(position: u32) -> vec2<f32> {
    return pixels[position];
}
