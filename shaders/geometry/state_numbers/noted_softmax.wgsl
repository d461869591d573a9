// A softmax's state, with what it notes for observations, as numbers in the statistics of a shard.
// needs: lib/params fold/softmax_state/noted
fn first_numbers(state: State) -> vec4<f32> {
    return vec4<f32>(state.peak, state.rest, state.spread, state.peak_share);
}

fn last_number(state: State) -> f32 {
    return state.other_shares;
}

fn state_of(first: vec4<f32>, last: f32, poison: u32) -> State {
    return State(first.x, first.y, first.z, first.w, last, poison, 0.0, 0u, 0u, NO_CLASS);
}

// `gap_sum`; and the class of the peak, counted among the classes of all shards, in two halves of 16 bits, which f32 holds
// exactly.
fn notes_of(state: State) -> vec3<f32> {
    let class_place = select(state.peak_class + params.first_class, NO_CLASS, state.peak_class == NO_CLASS);
    return vec3<f32>(state.gap_sum, f32(class_place >> 16u), f32(class_place & 0xffffu));
}

fn noted(state: State, notes: vec3<f32>) -> State {
    var all = state;
    all.gap_sum = notes.x;
    all.peak_class = (u32(notes.y) << 16u) | u32(notes.z);
    return all;
}
