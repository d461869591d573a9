// A position's whole state, which an earlier stage merged, and the sums of its chunks.
// needs: lib/class lib/label lib/params fold/divergence fold/mixture scratch/states geometry/class_axis geometry/places

// The place of a chunk's sums: they lie behind the states of all chunks.
fn place_of_sums(position: u32, chunk: u32) -> u32 {
    return ((positions() + position) * params.chunks) + chunk;
}

fn merge_whole(position: u32) -> State {
    var sums = sums_of(chunk_states[place_of_sums(position, 0u)]);
    for (var chunk = 1u; chunk < params.chunks; chunk += 1u) {
        sums = sums_merge(sums, sums_of(chunk_states[place_of_sums(position, chunk)]));
    }
    // stores the whole row's sums in the place of its first chunk's, for the gradients
    chunk_states[place_of_sums(position, 0u)] = state_of_sums(sums);
    compared = sums;
    return chunk_states[position * params.chunks];
}

fn merged_whole(position: u32) -> State {
    compared = sums_of(chunk_states[place_of_sums(position, 0u)]);
    return chunk_states[position * params.chunks];
}

fn whole_label_class(position: u32, label: Label) -> LabelClass {
    return label_class_of(first_class(position), label);
}
