// What the softmax of each position needs to be remembered by, four neighbours at a time. Uses lib/component lib/params lib/math activation/softmax.
@group(0) @binding(18) var<storage, read_write> pixel_fours: array<vec4<f32>>;

fn pixels_of(at: vec4<u32>) -> Pixels {
    let first = (2u * (at.x >> 2u)) + base(18u);
    return Pixels(pixel_fours[first], pixel_fours[first + 1u]);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, one_over: vec4<f32>) -> Pixels {
    let first = (2u * (at.x >> 2u)) + base(18u);
    pixel_fours[first] = peak;
    pixel_fours[first + 1u] = one_over;
    return Pixels(peak, one_over);
}
