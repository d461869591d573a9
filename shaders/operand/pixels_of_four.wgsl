// What the softmax of each position needs to be remembered by, four neighbours at a time.
@group(0) @binding(18) var<storage, read_write> pixels: array<vec4<f32>>;

// The greatest logits of four positions and one over their sums of exponentials; NaN in the second marks a position without
// a softmax.
struct Pixels {
    peak: vec4<f32>,
    one_over: vec4<f32>,
}

fn pixels_of(at: vec4<u32>) -> Pixels {
    let four = at.x >> 2u;
    return Pixels(pixels[2u * four], pixels[(2u * four) + 1u]);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, one_over: vec4<f32>) {
    let four = at.x >> 2u;
    pixels[2u * four] = peak;
    pixels[(2u * four) + 1u] = one_over;
}
