// The classes of a position as a fold sees them: reads their logits, targets and weights.
// needs: lib/class lib/label lib/params geometry/places
// slots: class_weight fold mask softcap target x0

// FOURS: classes lie next to each other, and a lane takes four at a time; WHOLE: rows are a multiple of four
override FOURS: bool = false;
override WHOLE: bool = false;
// how many lanes share a position
override LANES: u32 = 1u;

fn label_class_of(first: u32, label: Label) -> LabelClass {
    // if another device has the label's class, class 0 is read in its place; that device's shard supplies the real values
    let index = select(0u, label.index, label.index < params.classes);
    return LabelClass(LABELLED, capped(x0_at(first + (index * params.class_stride))), class_weight_at(index));
}

fn class_of(x: f32, t: f32, label: Label, k: u32) -> Class {
    return Class(capped(x), capped_target(t), class_weight_at(k), LABELLED & (k == label.index), k, label.index);
}

fn class_at(first: u32, label: Label, k: u32) -> Class {
    let element = first + (k * params.class_stride);
    return class_of(x0_at(element), target_at(element), label, k);
}

fn takes_part(position: u32, label: Label) -> bool {
    return label.kept & (mask_at(position) != 0.0);
}

// Absorbs the classes from `begin` to `end` that belong to this lane, of `lanes` that share them. It reads one class at a
// time, since classes may lie far apart in memory.
fn absorb_apart(before: State, first: u32, label: Label, label_class: LabelClass, begin: u32, end: u32, lane: u32, lanes: u32) -> State {
    var state = before;
    for (var k = begin + lane; k < end; k += lanes) {
        absorb_class(&state, class_at(first, label, k), label_class);
    }
    return state;
}
