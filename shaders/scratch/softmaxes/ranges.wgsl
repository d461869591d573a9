// The softmax state and the mean slope of each position whose classes are walked in ranges.
// needs: lib/component lib/params geometry/probable
// slots: activation
struct RangedSoftmax {
    peak: f32,
    // the sum of exp(x − peak) over all classes but the peak's
    rest: f32,
    // the numbers of a MeanSlope, whose sum is `mean_slope`
    lead: f32,
    likeliest: f32,
    mean_slope: f32,
    met: f32,
}

@group(0) @binding(18) var<storage, read_write> ranged_softmaxes: array<RangedSoftmax>;

struct Softmax {
    peak: vec4<f32>,
    rest: vec4<f32>,
}

fn softmax_before(at: vec4<u32>) -> Softmax {
    if params.block.fresh != 0u {
        return Softmax(vec4<f32>(-3.4028234e38), vec4<f32>(-1.0));
    }
    let known = softmaxes_at(at);
    return Softmax(known.peak, known.rest);
}

fn softmaxes_at(at: vec4<u32>) -> Softmaxes {
    let i = at + vec4<u32>(base(18u));
    return softmax_of(
        vec4<f32>(ranged_softmaxes[i.x].peak, ranged_softmaxes[i.y].peak, ranged_softmaxes[i.z].peak, ranged_softmaxes[i.w].peak),
        vec4<f32>(ranged_softmaxes[i.x].rest, ranged_softmaxes[i.y].rest, ranged_softmaxes[i.z].rest, ranged_softmaxes[i.w].rest),
    );
}

// Past the end, `at` repeats the last position, which then gets its own state again.
fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Softmaxes {
    for (var j = 0u; j < 4u; j += 1u) {
        let i = word_at(at, j) + base(18u);
        ranged_softmaxes[i].peak = float_at(peak, j);
        ranged_softmaxes[i].rest = float_at(rest, j);
    }
    return softmax_of(peak, rest);
}

// Whether positions are marked, because they have met their greatest logit. Marks lie in `met`, which the gradients need only
// later.
fn marks_of(at: vec4<u32>) -> vec4<bool> {
    let i = at + vec4<u32>(base(18u));
    let marks = vec4<f32>(ranged_softmaxes[i.x].met, ranged_softmaxes[i.y].met, ranged_softmaxes[i.z].met, ranged_softmaxes[i.w].met);
    return marks != vec4<f32>(0.0);
}

fn mark(at: vec4<u32>, marked: vec4<bool>) {
    for (var j = 0u; j < 4u; j += 1u) {
        ranged_softmaxes[word_at(at, j) + base(18u)].met = select(0.0, 1.0, flag_at(marked, j));
    }
}

fn mean_slope_before(at: vec4<u32>) -> MeanSlope {
    if params.block.fresh != 0u {
        return no_mean_slope();
    }
    let a = ranged_softmaxes[at.x + base(18u)];
    let b = ranged_softmaxes[at.y + base(18u)];
    let c = ranged_softmaxes[at.z + base(18u)];
    let d = ranged_softmaxes[at.w + base(18u)];
    return MeanSlope(
        vec4<f32>(a.lead, b.lead, c.lead, d.lead),
        vec4<f32>(a.likeliest, b.likeliest, c.likeliest, d.likeliest),
        vec4<f32>(a.mean_slope, b.mean_slope, c.mean_slope, d.mean_slope),
        vec4<f32>(a.met, b.met, c.met, d.met),
    );
}

fn keep_mean_slope(at: vec4<u32>, mean_slope: MeanSlope) {
    for (var j = 0u; j < 4u; j += 1u) {
        let i = word_at(at, j) + base(18u);
        ranged_softmaxes[i].lead = float_at(mean_slope.lead, j);
        ranged_softmaxes[i].likeliest = float_at(mean_slope.likeliest, j);
        ranged_softmaxes[i].mean_slope = float_at(mean_slope.sum, j);
        ranged_softmaxes[i].met = float_at(mean_slope.met, j);
    }
}
