// A loss of a softmax that rides along in a walk over regions. Uses lib/params lib/math lib/class lib/label lib/tally lib/workspace dtype/float operand/x0 operand/labels absent/class_weight absent/mask absent/losses operand/riders fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis geometry/positions_tally.
const RIDES: bool = true;

// Remembers the softmax of a position, and counts its loss. One channel is the logit of label 1, against 0 for label 0.
fn ride(position: u32, label: Label, tally: ptr<function, Tally>) {
    if !label.kept {
        return;
    }
    let first = first_class(position);
    let place = rider_place(first, label);
    var state = absorb_classes(first, label, place, 0u, params.classes, 1u);
    if params.classes == 1u {
        let other = select(1.0 - target_at(first), 0.0, LABELLED);
        absorb_class(&state, Class(0.0, other, 1.0, LABELLED && (label.index == 0u)), place);
    }
    riders[position] = state;
    let s = finish_place(state, place);
    tally_position(position, label, true, s, score_place(s), tally);
}

fn rider_place(first: u32, label: Label) -> Place {
    if params.classes > 1u {
        return place_of(first, label);
    }
    let one = label.index == 1u;
    return Place(LABELLED, select(0.0, x0_at(first), one), select(1.0, class_weight_at(0u), one));
}

// What the gradient of a position's classes takes.
struct Riding {
    s: Statistics,
    score: Score,
    scale: vec2<f32>,
}

fn riding_of(position: u32, label: Label) -> Riding {
    let s = finish_place(riders[position], rider_place(first_class(position), label));
    return Riding(s, score_place(s), rider_scales());
}

fn ridden(riding: Riding, first: u32, k: u32, label: Label) -> f32 {
    if riding.s.poison {
        return nan();
    }
    var seen = class_at(first, label, k);
    seen.hit = LABELLED && (label.index == select(k, 1u, params.classes == 1u));
    return write_class(riding.s, riding.score, seen, riding.scale);
}
