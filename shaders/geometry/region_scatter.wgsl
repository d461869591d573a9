// Regions, third stage: the gradient of each element from its region's slopes. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels operand/coefficients activation/softmax lib/tally absent/rider geometry/places geometry/region geometry/region_quads absent/dx0.
fn coefficients_of(k: u32, position: u32) -> vec2<f32> {
    let item = select(position / params.per_item, 0u, BATCH);
    return coefficients[(item * params.classes) + k];
}

// The derivatives by p of four positions' losses; NaN where that of the region is.
fn slopes_at(quad: Quad, k: u32, p: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    let a = coefficients_of(k, quad.at.x);
    var of_pt = vec4<f32>(a.x);
    var of_p = vec4<f32>(a.y);
    if !(FOURS || BATCH) {
        let b = coefficients_of(k, quad.at.y);
        let c = coefficients_of(k, quad.at.z);
        let d = coefficients_of(k, quad.at.w);
        of_pt = vec4<f32>(a.x, b.x, c.x, d.x);
        of_p = vec4<f32>(a.y, b.y, c.y, d.y);
    }
    let none = vec4<f32>(0.0);
    var by_p = vec4<f32>(1.0);
    if SQUARED {
        by_p = 2.0 * p;
    }
    // a class that takes no part has slopes of 0, whatever its target is
    let slope = select(of_pt * t, none, of_pt == none) + select(of_p * by_p, none, of_p == none);
    return select(slope, vec4<f32>(nan()), are_nan(of_pt));
}

fn store_quad(quad: Quad, k: u32, d: vec4<f32>) {
    let at = elements_of(quad, k);
    if FOURS {
        store_dx0_four(at.x, d);
        return;
    }
    for (var j = 0u; j < 4u; j += 1u) {
        if quad.live[j] {
            store_dx0(at[j], d[j]);
        }
    }
}

@compute @workgroup_size(256)
fn region_scatter(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let position = 4u * ((workgroup_at(group, grid) * 256u) + lane);
    if position >= positions() {
        return;
    }
    let quad = quad_at(position, positions());
    let pixels = pixels_of(quad.at);
    var pull = vec4<f32>(0.0);
    var unknown = vec4<bool>(false);
    if COUPLED {
        for (var k = 0u; k < params.classes; k += 1u) {
            let p = probabilities(logits_of(quad, k), pixels);
            let slope = slopes_at(quad, k, p, targets_of(quad, k));
            unknown = unknown | are_nan(slope) | are_nan(p);
            pull += p * slope;
        }
    }
    let riding = riding_of(quad);
    for (var k = 0u; k < params.classes; k += 1u) {
        let x = logits_of(quad, k);
        let p = probabilities(x, pixels);
        let slope = slopes_at(quad, k, p, targets_of(quad, k));
        let of_rider = ridden(riding, x, quad, k);
        let nans = unknown | are_nan(slope) | are_nan(p) | are_nan(of_rider);
        let d = select(chain(p, slope, pull) + of_rider, vec4<f32>(nan()), nans);
        store_quad(quad, k, select(vec4<f32>(0.0), d, quad.kept));
    }
}
