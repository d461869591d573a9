// The classes of a position, as a fold sees them.
// needs: lib/class lib/label lib/params geometry/places
// slots: class_weight fold mask target x0

// whether classes lie next to each other and a lane takes four at a time, and whether rows are a multiple of four
override FOURS: bool = false;
override WHOLE: bool = false;
// lanes that share a position
override LANES: u32 = 1u;

fn place_of(first: u32, label: Label) -> Place {
    // 0 stands in for a class that another device has: what is made of it there counts
    let index = select(0u, label.index, label.index < params.classes);
    return Place(LABELLED, x0_at(first + (index * params.class_stride)), class_weight_at(index));
}

fn class_of(x: f32, t: f32, label: Label, k: u32) -> Class {
    return Class(x, t, class_weight_at(k), LABELLED & (k == label.index));
}

fn class_at(first: u32, label: Label, k: u32) -> Class {
    let element = first + (k * params.class_stride);
    return class_of(x0_at(element), target_at(element), label, k);
}

fn takes_part(position: u32, label: Label) -> bool {
    return label.kept & (mask_at(position) != 0.0);
}

// The state after the classes from `begin` to `end` that are this lane's, of so many that share them, which lie far apart.
fn absorb_apart(before: State, first: u32, label: Label, place: Place, begin: u32, end: u32, lane: u32, lanes: u32) -> State {
    var state = before;
    for (var k = begin + lane; k < end; k += lanes) {
        absorb_class(&state, class_at(first, label, k), place);
    }
    return state;
}
