// The peak and the rest of each position's softmax, stored for four neighbouring positions at a time.
// needs: lib/params
// slots: activation
@group(0) @binding(18) var<storage, read_write> pixel_fours: array<vec4<f32>>;

fn pixels_of(at: vec4<u32>) -> Pixels {
    let first = (2u * (at.x >> 2u)) + base(18u);
    return softmax_of(pixel_fours[first], pixel_fours[first + 1u]);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Pixels {
    let first = (2u * (at.x >> 2u)) + base(18u);
    pixel_fours[first] = peak;
    pixel_fours[first + 1u] = rest;
    return softmax_of(peak, rest);
}
