// Absorbs a lane's classes in two sweeps over them: one for the two softmaxes, one that compares them.
// needs: lib/class lib/label fold/divergence geometry/class_axis
// slots: row_quads

// Absorbs the classes from `begin` to `end` that belong to this lane, of `lanes` that share them. Classes that lie far
// apart get one sweep, because they may be walked in ranges.
fn absorb_classes(before: State, first: u32, label: Label, label_class: LabelClass, begin: u32, end: u32, lane: u32, lanes: u32) -> State {
    var state = before;
    if !FOURS {
        return absorb_apart(before, first, label, label_class, begin, end, lane, lanes);
    }
    // @unroll row_quad ROW_QUADS
    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {
        let four = row_first(row_quad, first + k);
        absorb_masses(&state, class_of(four.x.x, four.t.x, label, k), true);
        absorb_masses(&state, class_of(four.x.y, four.t.y, label, k + 1u), WHOLE | (k + 1u < end));
        absorb_masses(&state, class_of(four.x.z, four.t.z, label, k + 2u), WHOLE | (k + 2u < end));
        absorb_masses(&state, class_of(four.x.w, four.t.w, label, k + 3u), WHOLE | (k + 3u < end));
    }
    var second = second_sweep(state);
    // @unroll row_quad ROW_QUADS
    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {
        let four = row_again(row_quad, first + k);
        compare_class(&second, class_of(four.x.x, four.t.x, label, k), true);
        compare_class(&second, class_of(four.x.y, four.t.y, label, k + 1u), WHOLE | (k + 1u < end));
        compare_class(&second, class_of(four.x.z, four.t.z, label, k + 2u), WHOLE | (k + 2u < end));
        compare_class(&second, class_of(four.x.w, four.t.w, label, k + 3u), WHOLE | (k + 3u < end));
    }
    return swept(state, second);
}
