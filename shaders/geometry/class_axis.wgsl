// What stands at the classes of a position. Uses lib/params geometry/places lib/label lib/math dtype/float operand/x0 operand/labels absent/class_weight absent/mask fold/softmax losses/softmax/cross_entropy.

// whether classes have a share of the loss beyond the label's own
override SPREADS: bool = false;

fn share_at(element: u32, class_index: u32) -> f32 {
    if !SPREADS {
        return 0.0;
    }
    return softmax_share(target_at(element)) * class_weight_at(class_index);
}

// The state of every `step`th class from `begin` to `end`.
fn absorb_classes(first: u32, begin: u32, end: u32, step: u32) -> State {
    var state = fold_empty();
    for (var k = begin; k < end; k += step) {
        let element = first + (k * params.class_stride);
        fold_absorb(&state, x0_at(element), share_at(element, k));
    }
    return state;
}

fn statistics_of(state: State, first: u32, label: Label) -> Statistics {
    let x_target = x0_at(first + (label.index * params.class_stride));
    return fold_finish(state, LABELLED, x_target, class_weight_at(label.index));
}

fn takes_part(position: u32, label: Label) -> bool {
    return label.kept && (mask_at(position) != 0.0);
}
