// What is known of positions whose classes are gone through range by range: their softmax, and what their classes pull. Uses lib/component lib/params lib/math activation/softmax.
struct RangedPixel {
    peak: f32,
    // the sum of exponentials, after the last class one over it
    total: f32,
    pull: f32,
}

@group(0) @binding(18) var<storage, read_write> ranged_pixels: array<RangedPixel>;

struct Softmax {
    peak: vec4<f32>,
    total: vec4<f32>,
}

fn softmax_before(at: vec4<u32>) -> Softmax {
    if params.block.fresh != 0u {
        return Softmax(vec4<f32>(-3.4028234e38), vec4<f32>(0.0));
    }
    let known = pixels_of(at);
    return Softmax(known.peak, known.one_over);
}

fn pixels_of(at: vec4<u32>) -> Pixels {
    let i = at + vec4<u32>(base(18u));
    return Pixels(
        vec4<f32>(ranged_pixels[i.x].peak, ranged_pixels[i.y].peak, ranged_pixels[i.z].peak, ranged_pixels[i.w].peak),
        vec4<f32>(ranged_pixels[i.x].total, ranged_pixels[i.y].total, ranged_pixels[i.z].total, ranged_pixels[i.w].total),
    );
}

// Positions beyond the last are the last again.
fn remember(at: vec4<u32>, peak: vec4<f32>, one_over: vec4<f32>) -> Pixels {
    for (var j = 0u; j < 4u; j += 1u) {
        let i = word_at(at, j) + base(18u);
        ranged_pixels[i].peak = float_at(peak, j);
        ranged_pixels[i].total = float_at(one_over, j);
    }
    return Pixels(peak, one_over);
}

fn pull_before(at: vec4<u32>) -> vec4<f32> {
    if params.block.fresh != 0u {
        return vec4<f32>(0.0);
    }
    let i = at + vec4<u32>(base(18u));
    return vec4<f32>(ranged_pixels[i.x].pull, ranged_pixels[i.y].pull, ranged_pixels[i.z].pull, ranged_pixels[i.w].pull);
}

fn keep_pull(at: vec4<u32>, pull: vec4<f32>) {
    for (var j = 0u; j < 4u; j += 1u) {
        ranged_pixels[word_at(at, j) + base(18u)].pull = float_at(pull, j);
    }
}
