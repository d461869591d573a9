// The classes of a position, as a fold sees them. Uses lib/params lib/class geometry/places lib/label lib/math dtype/float operand/x0 operand/labels absent/class_weight absent/mask fold/softmax fold/softmax_classes losses/softmax/cross_entropy.

// whether classes lie next to each other and a lane takes four at a time, and whether rows are a multiple of four
override FOURS: bool = false;
override WHOLE: bool = false;

fn place_of(first: u32, label: Label) -> Place {
    // 0 stands in for a class that another device has: what is made of it there counts
    let index = select(0u, label.index, label.index < params.classes);
    return Place(LABELLED, x0_at(first + (index * params.class_stride)), class_weight_at(index));
}

fn class_of(x: f32, t: f32, label: Label, k: u32) -> Class {
    return Class(x, t, class_weight_at(k), LABELLED && (k == label.index));
}

fn class_at(first: u32, label: Label, k: u32) -> Class {
    let element = first + (k * params.class_stride);
    return class_of(x0_at(element), target_at(element), label, k);
}

// The state of the classes from `begin` to `end` that are this lane's, of so many that share them.
fn absorb_classes(first: u32, label: Label, place: Place, begin: u32, end: u32, lane: u32, lanes: u32) -> State {
    var a = fold_empty();
    if !FOURS {
        for (var k = begin + lane; k < end; k += lanes) {
            absorb_class(&a, class_at(first, label, k), place);
        }
        return a;
    }
    var b = fold_empty();
    var c = fold_empty();
    var d = fold_empty();
    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {
        let x = x0_four(first + k);
        let t = target_four(first + k);
        absorb_class(&a, class_of(x.x, t.x, label, k), place);
        if WHOLE || (k + 1u < end) {
            absorb_class(&b, class_of(x.y, t.y, label, k + 1u), place);
        }
        if WHOLE || (k + 2u < end) {
            absorb_class(&c, class_of(x.z, t.z, label, k + 2u), place);
        }
        if WHOLE || (k + 3u < end) {
            absorb_class(&d, class_of(x.w, t.w, label, k + 3u), place);
        }
    }
    return fold_merge(fold_merge(a, b), fold_merge(c, d));
}

fn takes_part(position: u32, label: Label) -> bool {
    return label.kept && (mask_at(position) != 0.0);
}
