// Regions, third stage: the gradient of each element from its region's slopes.
// needs: lib/component lib/math lib/params geometry/places geometry/probable geometry/region_quads
// slots: activation class_slopes classes dx0 earlier_ranges fused_loss logits softmaxes
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
override PULLS: bool = true;
override WRITES: bool = true;

// how many lanes walk a contiguous range together
override TEAM: u32 = 256u;

// A quad of a strip, and what its gradients need.
struct Scattered {
    quad: Quad,
    live: bool,
    pixels: Pixels,
    riding: Riding,
    pull: Pull,
    unknown: vec4<bool>,
}

// Loads the quad at `position`. Past the end, loads `instead` and marks it dead so that nothing is stored.
fn scattered_at(position: u32, instead: u32, end: u32) -> Scattered {
    let live = position < end;
    let quad = quad_at(select(instead, position, live), end);
    look_at(quad.first.x);
    let pull = pull_before(quad.at);
    return Scattered(quad, live, pixels_of(quad.at), riding_of(quad), pull, are_nan(pull.sum));
}

// Adds the pull of a class.
fn pulled(before: Scattered, k: u32) -> Scattered {
    var after = before;
    let slope = slope_first(before.quad, k, before.pixels);
    after.unknown = before.unknown | are_nan(slope.by_p) | are_nan(slope.seen.p);
    after.pull = pulled_by(before.pull, slope.seen.p, slope.by_p);
    return after;
}

fn scatter_class(s: Scattered, k: u32) {
    let slope = slope_again(s.quad, k, s.pixels);
    let of_rider = ridden(s.riding, logits_of(s.quad, k), s.quad, k);
    let nans = s.unknown | are_nan(slope.by_p) | are_nan(of_rider);
    // only a background that takes no part can have a NaN p and a known slope; its gradient is 0
    let of_region = select(chain(slope.seen, slope.by_p, s.pull), vec4<f32>(0.0), are_nan(slope.seen.p));
    let d = select(of_region + of_rider, vec4<f32>(nan()), nans);
    if s.live {
        store_quad(s.quad, k, select(vec4<f32>(0.0), d, s.quad.kept));
    }
}

@compute @workgroup_size(256)
fn region_scatter(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = workgroup_at(group, grid);
    var start = 1024u * STRIP * tile;
    var end = positions();
    if BY_ITEM {
        let tiles = (params.per_item + (1024u * STRIP) - 1u) / (1024u * STRIP);
        start = ((tile / tiles) * params.per_item) + (1024u * STRIP * (tile % tiles));
        end = min(end, ((tile / tiles) + 1u) * params.per_item);
    }
    let position = start + (4u * (((lane / TEAM) * TEAM * STRIP) + (lane % TEAM)));
    if position >= end {
        return;
    }
    var strip: array<Scattered, STRIP>;
    // @unroll q STRIP
    for (var q = 0u; q < STRIP; q += 1u) {
        strip[q] = scattered_at(position + (4u * TEAM * q), position, end);
    }
    if COUPLED & PULLS {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            // @unroll q STRIP
            for (var q = 0u; q < STRIP; q += 1u) {
                strip[q] = pulled(strip[q], k);
            }
        }
        // @unroll q STRIP
        for (var q = 0u; q < STRIP; q += 1u) {
            let pull = strip[q].pull;
            let sum = select(pull.sum, vec4<f32>(nan()), strip[q].unknown);
            keep_pull(strip[q].quad.at, Pull(pull.lead, pull.likeliest, sum, pull.met));
        }
    }
    if WRITES {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            // @unroll q STRIP
            for (var q = 0u; q < STRIP; q += 1u) {
                scatter_class(strip[q], k);
            }
        }
    }
}
