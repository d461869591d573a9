// A second walk over a lane's classes, which compares them with the softmaxes of the whole row, once these are known.
// needs: lib/label fold/divergence fold/mixture geometry/class_axis
// slots: row_quads

// Returns `before` plus the sums over the classes from `begin` to `end` that belong to this lane, of `lanes` that share them.
fn sum_classes(before: Sums, state: State, first: u32, label: Label, begin: u32, end: u32, lane: u32, lanes: u32) -> Sums {
    var sums = before;
    let whole = whole_of(state);
    if !FOURS {
        for (var k = begin + lane; k < end; k += lanes) {
            sum_class(whole, &sums, class_at(first, label, k), true);
        }
        return sums;
    }
    // @unroll row_quad ROW_QUADS
    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {
        let four = row_again(row_quad, first + k);
        sum_class(whole, &sums, class_of(four.x.x, four.t.x, label, k), true);
        sum_class(whole, &sums, class_of(four.x.y, four.t.y, label, k + 1u), WHOLE | (k + 1u < end));
        sum_class(whole, &sums, class_of(four.x.z, four.t.z, label, k + 2u), WHOLE | (k + 2u < end));
        sum_class(whole, &sums, class_of(four.x.w, four.t.w, label, k + 3u), WHOLE | (k + 3u < end));
    }
    return sums;
}
