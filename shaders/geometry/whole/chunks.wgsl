// A position's whole state: that of its chunks.
// needs: lib/class lib/label lib/params scratch/states geometry/class_axis geometry/places
// slots: fold
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
