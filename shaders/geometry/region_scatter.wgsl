// Regions, third stage: the gradient of each element from its region's slopes. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels operand/coefficients activation/softmax lib/tally absent/rider geometry/places geometry/region absent/dx0.
fn slope_of(k: u32, item: u32, p: f32, t: f32) -> f32 {
    let region = (select(item, 0u, BATCH) * params.classes) + k;
    let slopes = coefficients[region];
    if is_nan(slopes.x) {
        return slopes.x;
    }
    // a class that takes no part has slopes of 0, whatever its target is
    return part_of(slopes.x, t) + part_of(slopes.y, select(1.0, 2.0 * p, SQUARED));
}

@compute @workgroup_size(256)
fn region_scatter(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let position = (((group.y * grid.x) + group.x) * 256u) + lane;
    if position >= positions() {
        return;
    }
    let item = position / params.per_item;
    let first = first_class(position);
    let label = target_label(position);
    let pixel = pixel_of(position);
    var pull = 0.0;
    var unknown = false;
    if label.kept {
        for (var k = 0u; k < params.classes; k += 1u) {
            let element = first + (k * params.class_stride);
            let p = probability(x0_at(element), pixel);
            let slope = slope_of(k, item, p, target_of(label, element, k));
            unknown = unknown || (COUPLED && (is_nan(slope) || is_nan(p)));
            pull += p * slope;
        }
    }
    let riding = riding_of(position, label);
    for (var k = 0u; k < params.classes; k += 1u) {
        let element = first + (k * params.class_stride);
        var d = 0.0;
        if label.kept {
            let p = probability(x0_at(element), pixel);
            let slope = slope_of(k, item, p, target_of(label, element, k));
            let of_rider = ridden(riding, first, k, label);
            d = chain(p, slope, pull) + of_rider;
            if unknown || is_nan(slope) || is_nan(p) || is_nan(of_rider) {
                d = nan();
            }
        }
        store_dx0(element, d);
    }
}
