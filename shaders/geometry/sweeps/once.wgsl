// Absorbs a lane's classes in one sweep over them.
// needs: lib/class lib/label geometry/class_axis
// slots: fold row_quads

// Absorbs the classes from `begin` to `end` that belong to this lane, of `lanes` that share them.
fn absorb_classes(before: State, first: u32, label: Label, label_class: LabelClass, begin: u32, end: u32, lane: u32, lanes: u32) -> State {
    var a = before;
    if !FOURS {
        return absorb_apart(before, first, label, label_class, begin, end, lane, lanes);
    }
    var b = fold_empty();
    var c = fold_empty();
    var d = fold_empty();
    // @unroll row_quad ROW_QUADS
    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {
        let four = row_first(row_quad, first + k);
        absorb_class(&a, class_of(four.x.x, four.t.x, label, k), label_class);
        if WHOLE | (k + 1u < end) {
            absorb_class(&b, class_of(four.x.y, four.t.y, label, k + 1u), label_class);
        }
        if WHOLE | (k + 2u < end) {
            absorb_class(&c, class_of(four.x.z, four.t.z, label, k + 2u), label_class);
        }
        if WHOLE | (k + 3u < end) {
            absorb_class(&d, class_of(four.x.w, four.t.w, label, k + 3u), label_class);
        }
    }
    return fold_merge(fold_merge(a, b), fold_merge(c, d));
}
