// A position's whole state: that of its chunks. Uses lib/component lib/params lib/math lib/class lib/label dtype/float operand/x0 operand/labels absent/class_weight absent/mask operand/states fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis.
fn merge_whole(position: u32) -> State {
    var state = chunk_states[position * params.chunks];
    for (var chunk = 1u; chunk < params.chunks; chunk += 1u) {
        state = fold_merge(state, chunk_states[(position * params.chunks) + chunk]);
    }
    // the third stage finds the whole row's state where its first chunk's was
    chunk_states[position * params.chunks] = state;
    return state;
}

fn merged_whole(position: u32) -> State {
    return chunk_states[position * params.chunks];
}

fn whole_place(position: u32, label: Label) -> Place {
    return place_of(first_class(position), label);
}
