// A position's prediction where predictions are logits: the class with the greatest logit. Several lanes share a position. A
// position with a NaN has no prediction.
// needs: fold/greatest geometry/lanes geometry/places lib/label lib/params
// slots: x0
fn lanes_of_position() -> u32 {
    return LANES;
}

// The prediction, in the first of the lanes that share the position.
fn prediction_at(position: u32, takes_part: bool, invocation: u32) -> Label {
    var state = fold_empty();
    if takes_part {
        let first = first_class(position);
        for (var k = invocation % LANES; k < params.classes; k += LANES) {
            state = fold_merge(state, State(rank_of(x0_at(first + (k * params.class_stride))), k));
        }
    }
    let greatest = merge_lanes(state, invocation);
    return Label(greatest.index, greatest.rank != UNKNOWN_RANK, false, 0u, 0u);
}
