// The peak and the rest of each position's softmax, stored for one position at a time.
// needs: lib/params
// slots: activation
@group(0) @binding(18) var<storage, read_write> pixels: array<vec2<f32>>;

fn pixels_of(at: vec4<u32>) -> Pixels {
    let a = pixels[at.x + base(18u)];
    let b = pixels[at.y + base(18u)];
    let c = pixels[at.z + base(18u)];
    let d = pixels[at.w + base(18u)];
    return softmax_of(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(a.y, b.y, c.y, d.y));
}

// Past the end, `at` repeats the last position, which then gets its own state again.
fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Pixels {
    pixels[at.x + base(18u)] = vec2<f32>(peak.x, rest.x);
    pixels[at.y + base(18u)] = vec2<f32>(peak.y, rest.y);
    pixels[at.z + base(18u)] = vec2<f32>(peak.z, rest.z);
    pixels[at.w + base(18u)] = vec2<f32>(peak.w, rest.w);
    return softmax_of(peak, rest);
}
