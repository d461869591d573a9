// A position's whole state, merged from its chunks.
// needs: lib/class lib/label lib/params scratch/states geometry/class_axis geometry/places
// slots: fold
fn merge_whole(position: u32) -> State {
    var state = chunk_states[position * params.chunks];
    for (var chunk = 1u; chunk < params.chunks; chunk += 1u) {
        state = fold_merge(state, chunk_states[(position * params.chunks) + chunk]);
    }
    // stores the whole row's state in the place of its first chunk's, for the third stage
    chunk_states[position * params.chunks] = state;
    return state;
}

fn merged_whole(position: u32) -> State {
    return chunk_states[position * params.chunks];
}

fn whole_label_class(position: u32, label: Label) -> LabelClass {
    return label_class_of(first_class(position), label);
}
