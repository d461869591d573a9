// No loss rides along in a walk over regions. Uses lib/params lib/math lib/label lib/tally dtype/float operand/x0 operand/labels operand/pixels activation/softmax geometry/places.
const RIDES: bool = false;

// Remembers the softmax of a position, where there is one.
fn ride(position: u32, label: Label, tally: ptr<function, Tally>) {
    if !COUPLED {
        return;
    }
    let first = first_class(position);
    var peak = -3.4028234e38;
    var total = 0.0;
    var unknown = false;
    for (var k = 0u; k < params.classes; k += 1u) {
        let x = x0_at(first + (k * params.class_stride));
        if is_infinite(x) && (x < 0.0) {
            continue;
        }
        unknown = unknown || is_nan(x) || is_infinite(x);
        let e = exp_negative(abs(x - peak));
        total = select(total + e, (total * e) + 1.0, x > peak);
        peak = max(x, peak);
    }
    pixels[position] = vec2<f32>(peak, select(1.0 / total, nan(), unknown || (total == 0.0)));
}

struct Riding {
    nothing: u32,
}

fn riding_of(position: u32, label: Label) -> Riding {
    return Riding(0u);
}

fn ridden(riding: Riding, first: u32, k: u32, label: Label) -> f32 {
    return 0.0;
}
