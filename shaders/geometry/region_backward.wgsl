// Regions, third stage: writes the gradient of each element, from its region's coefficients and from the fused loss.
// needs: lib/component lib/math lib/params geometry/places geometry/probable geometry/region geometry/region_quads
// slots: activation class_mask class_slopes classes dx0 earlier_ranges fused_loss logits quad_factors softmaxes
fn store_quad(quad: Quad, k: u32, d: vec4<f32>) {
    let at = elements_of(quad, k);
    if FOURS {
        store_dx0_four(at.x, d);
        return;
    }
    for (var j = 0u; j < 4u; j += 1u) {
        if flag_at(quad.live, j) {
            store_dx0(word_at(at, j), float_at(d, j));
        }
    }
}

// how many quads of positions a lane takes at a time; the target sets it, and unrolls the loops over it
const STRIP: u32 = 1u;

// whether each workgroup belongs to one item
override BY_ITEM: bool = false;
// what this dispatch does: both, or one after the other if classes are walked in ranges
override MEAN_SLOPES: bool = true;
override WRITES: bool = true;

// how many lanes walk a contiguous range together
override TEAM: u32 = 256u;

// A quad of a strip, and what its gradients need.
struct Backward {
    quad: Quad,
    live: bool,
    softmaxes: Softmaxes,
    fused: FusedSlopes,
    mean_slope: MeanSlope,
    unknown: vec4<bool>,
}

// Loads the quad at `position`. Past the end, loads `instead` and marks it dead so that nothing is stored.
fn backward_at(position: u32, instead: u32, end: u32) -> Backward {
    let live = position < end;
    let quad = quad_at(select(instead, position, live), end);
    load_classes(quad.first.x);
    let mean_slope = mean_slope_before(quad.at);
    return Backward(quad, live, softmaxes_at(quad.at), fused_slopes(quad), mean_slope, are_nan(mean_slope.sum));
}

// Adds a class to the mean slope.
fn with_class(before: Backward, k: u32) -> Backward {
    var after = before;
    let slope = slope_first(before.quad, k, before.softmaxes);
    after.unknown = before.unknown | are_nan(slope.by_p) | are_nan(slope.seen.p);
    after.mean_slope = mean_slope_with(before.mean_slope, slope.seen.p, slope.by_p);
    return after;
}

fn write_backward(s: Backward, k: u32) {
    let slope = slope_again(s.quad, k, s.softmaxes);
    let of_fused = fused_gradient(s.fused, logits_of(s.quad, k), s.quad, k);
    let nans = s.unknown | are_nan(slope.by_p) | are_nan(of_fused);
    // if p is NaN and its slope is not, the class is a background that takes no part, whose gradient is 0
    let of_region = select(chain(slope.seen, slope.by_p, s.mean_slope), vec4<f32>(0.0), are_nan(slope.seen.p));
    let kept = kept_in_class(s.quad, k);
    // a background that takes no part has a gradient of 0, even if a sample weight is infinite or NaN
    let left_out = !INCLUDE_BACKGROUND & !COUPLED & (k == 0u);
    let weighted = select(by_factors(s.quad.factors, of_region, kept), vec4<f32>(0.0), left_out);
    let d = select(weighted + of_fused, vec4<f32>(nan()), nans);
    if s.live {
        store_quad(s.quad, k, select(vec4<f32>(0.0), d, kept));
    }
}

@compute @workgroup_size(256)
fn region_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    var start = 1024u * STRIP * workgroup;
    var end = positions();
    if BY_ITEM {
        let tiles = (params.per_item + (1024u * STRIP) - 1u) / (1024u * STRIP);
        start = ((workgroup / tiles) * params.per_item) + (1024u * STRIP * (workgroup % tiles));
        end = min(end, ((workgroup / tiles) + 1u) * params.per_item);
    }
    let position = start + (4u * (((lane / TEAM) * TEAM * STRIP) + (lane % TEAM)));
    if position >= end {
        return;
    }
    var strip: array<Backward, STRIP>;
    // @unroll q STRIP
    for (var q = 0u; q < STRIP; q += 1u) {
        strip[q] = backward_at(position + (4u * TEAM * q), position, end);
    }
    if COUPLED & MEAN_SLOPES {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            // @unroll q STRIP
            for (var q = 0u; q < STRIP; q += 1u) {
                strip[q] = with_class(strip[q], k);
            }
        }
        // @unroll q STRIP
        for (var q = 0u; q < STRIP; q += 1u) {
            let mean_slope = strip[q].mean_slope;
            let sum = select(mean_slope.sum, vec4<f32>(nan()), strip[q].unknown);
            keep_mean_slope(strip[q].quad.at, MeanSlope(mean_slope.lead, mean_slope.likeliest, sum, mean_slope.met));
        }
    }
    if WRITES {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            // @unroll q STRIP
            for (var q = 0u; q < STRIP; q += 1u) {
                write_backward(strip[q], k);
            }
        }
    }
}
