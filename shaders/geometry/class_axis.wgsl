// The classes of a position, as a fold sees them. Uses lib/params lib/class geometry/places lib/label lib/math dtype/float operand/x0 operand/labels absent/class_weight absent/mask fold/softmax fold/softmax_classes losses/softmax/cross_entropy.
fn place_of(first: u32, label: Label) -> Place {
    // 0 stands in for a class that another device has: what is made of it there counts
    let index = select(0u, label.index, label.index < params.classes);
    return Place(LABELLED, x0_at(first + (index * params.class_stride)), class_weight_at(index));
}

fn class_at(first: u32, label: Label, k: u32) -> Class {
    let element = first + (k * params.class_stride);
    return Class(x0_at(element), target_at(element), class_weight_at(k), LABELLED && (k == label.index));
}

// The state of every `step`th class from `begin` to `end`.
fn absorb_classes(first: u32, label: Label, place: Place, begin: u32, end: u32, step: u32) -> State {
    var state = fold_empty();
    for (var k = begin; k < end; k += step) {
        absorb_class(&state, class_at(first, label, k), place);
    }
    return state;
}

fn takes_part(position: u32, label: Label) -> bool {
    return label.kept && (mask_at(position) != 0.0);
}
