// Regions, third stage: the gradient of each element from its region's slopes. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels operand/coefficients activation/softmax lib/tally absent/rider geometry/places geometry/region geometry/logits_read geometry/region_quads geometry/class_range geometry/region_slopes geometry/slopes_again absent/dx0.
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
    look_at(quad.first.x);
    let pixels = pixels_of(quad.at);
    var pull = vec4<f32>(0.0);
    var unknown = vec4<bool>(false);
    if COUPLED {
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            let slope = slope_first(quad, k, pixels);
            unknown = unknown | are_nan(slope.by_p) | are_nan(slope.p);
            pull += slope.p * slope.by_p;
        }
    }
    let riding = riding_of(quad);
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        let slope = slope_again(quad, k, pixels);
        let of_rider = ridden(riding, logits_of(quad, k), quad, k);
        let nans = unknown | are_nan(slope.by_p) | are_nan(slope.p) | are_nan(of_rider);
        let d = select(chain(slope.p, slope.by_p, pull) + of_rider, vec4<f32>(nan()), nans);
        store_quad(quad, k, select(vec4<f32>(0.0), d, quad.kept));
    }
}
