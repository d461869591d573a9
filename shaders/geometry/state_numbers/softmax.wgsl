// A softmax's state as numbers in the statistics of a shard.
// slots: softmax_state
fn first_numbers(state: State) -> vec4<f32> {
    return vec4<f32>(state.peak, state.rest, state.spread, state.peak_share);
}

fn last_number(state: State) -> f32 {
    return state.other_shares;
}

fn state_of(first: vec4<f32>, last: f32, poison: u32) -> State {
    return State(first.x, first.y, first.z, first.w, last, poison);
}

// This state notes nothing for observations.
fn notes_of(state: State) -> vec3<f32> {
    return vec3<f32>(0.0);
}

fn noted(state: State, notes: vec3<f32>) -> State {
    return state;
}
