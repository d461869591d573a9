// A plain sum's state as numbers in the statistics of a shard.
// needs: fold/class_sum
fn first_numbers(state: State) -> vec4<f32> {
    return vec4<f32>(state.sum, state.d_label, 0.0, 0.0);
}

fn last_number(state: State) -> f32 {
    return 0.0;
}

fn state_of(first: vec4<f32>, last: f32, poison: u32) -> State {
    return State(first.x, first.y, poison);
}

// A plain sum notes nothing for observations.
fn notes_of(state: State) -> vec3<f32> {
    return vec3<f32>(0.0);
}

fn noted(state: State, notes: vec3<f32>) -> State {
    return state;
}
